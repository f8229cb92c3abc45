/** Frozen: a released migration is never edited. */
export const tenants = `
-- An event's identity is its tenant, source and id: tenants choose their sources and ids without knowing of each other.
DROP INDEX events_identity;
CREATE UNIQUE INDEX events_identity ON events (id, source, coalesce(tenant, ''));
`;
