/** Networks: where there is one at all. */
import { each, ran, type Check } from "../check.ts";
import { at, textAt, eachPlanned, infraPart, planned, seen, withoutNetwork, type Planned } from "../plan.ts";

/** First and last address of a block as numbers; `undefined` for what is none. */
export function rangeOf(cidr: string): readonly [first: number, last: number] | undefined {
  const [, a, b, c, d, bits] = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr) ?? [];
  const parts = [a, b, c, d].map(Number);
  if (bits === undefined || Number(bits) > 32 || parts.some((part) => !(part <= 255))) return undefined;
  const size = 2 ** (32 - Number(bits));
  const address = parts.reduce((sum, part) => sum * 256 + part, 0);
  const first = Math.floor(address / size) * size;
  return first === address ? [first, first + size - 1] : undefined;
}

const privateBlocks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(rangeOf);

function badBlock(cidr: unknown): string | undefined {
  const range = rangeOf(String(cidr));
  if (range === undefined) return `${String(cidr)} is no block of addresses`;
  return privateBlocks.some((block) => block !== undefined && block[0] <= range[0] && range[1] <= block[1])
    ? undefined
    : `${String(cidr)} is not private (RFC 1918)`;
}

function overlaps(subnet: Planned, all: readonly Planned[]): boolean {
  const range = rangeOf(String(at(subnet.values, "cidr_block")));
  return all.some((other) => {
    const theirs = rangeOf(String(at(other.values, "cidr_block")));
    if (other.address === subnet.address || other.stack !== subnet.stack || range === undefined || theirs === undefined) return false;
    return range[0] <= theirs[1] && theirs[0] <= range[1];
  });
}

const blocks: Check = {
  id: "N1",
  title: "networks are private, their subnets lie within and do not overlap, and the default security group is closed",
  run: (project) => {
    const absent = withoutNetwork(project);
    const subnets = planned(project, "aws_subnet");
    return [
      eachPlanned(project, "networks have private addresses", ["aws_vpc"], ({ values }) => badBlock(at(values, "cidr_block")), ["cidr_block"], absent),
      each(
        "PLAN",
        "subnets are private and do not overlap",
        subnets,
        (subnet) => [badBlock(at(subnet.values, "cidr_block")) ?? [], overlaps(subnet, subnets) ? ["it overlaps another subnet"] : []].flat(),
        (subnet) => seen(subnet, "cidr_block"),
        absent,
      ),
      eachPlanned(
        project,
        "the default security group has no rule",
        ["aws_default_security_group"],
        ({ values }) => (listed(at(values, "ingress")).length + listed(at(values, "egress")).length > 0 ? "it has one" : undefined),
        ["ingress"],
        absent,
      ),
    ];
  },
};

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

const ruleTypes = ["aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule", "aws_security_group_rule"];

const groups: Check = {
  id: "N2",
  title: "no rule is open to the world in either direction; each says why it is there and names one port",
  run: (project) => [
    infraPart(project, "network"),
    eachPlanned(
      project,
      "each rule names another group or one destination, one port, and a reason",
      ruleTypes,
      ({ values }) => {
        return [
          ...(at(values, "ip_protocol") === "-1" || at(values, "from_port") !== at(values, "to_port") ? ["it opens more than one port"] : []),
          ...(textAt(values, "description").trim() === "" ? ["it does not say why"] : []),
        ];
      },
      ["cidr_ipv4"],
      withoutNetwork(project),
    ),
    eachPlanned(
      project,
      "groups hold no rules of their own, which nobody describes",
      ["aws_security_group"],
      ({ values }) => (listed(at(values, "ingress")).length + listed(at(values, "egress")).length > 0 ? "it holds rules in line" : undefined),
      ["ingress"],
      withoutNetwork(project),
    ),
  ],
};

const monitoring: Check = {
  id: "N3",
  title: "what watches is not on the internet: managed workspaces behind single sign-on and private access; metrics and operations refuse strangers",
  owasp: ["A01", "A07", "API1", "API2", "API5"],
  run: (project) => [
    eachPlanned(
      project,
      "Grafana asks who comes, and only private endpoints reach it",
      ["aws_grafana_workspace"],
      ({ values }) => [
        ...(listed(at(values, "authentication_providers")).length > 0 ? [] : ["it asks nobody who they are"]),
        ...(listed(at(values, "network_access_control", 0, "prefix_list_ids")).length + listed(at(values, "network_access_control", 0, "vpce_ids")).length > 0
          ? []
          : ["it is reached from everywhere"]),
      ],
      ["network_access_control", 0],
      project.stacks.every(({ environment }) => at(environment, "grafana") === undefined) ? "no environment asks for Grafana" : undefined,
    ),
    infraPart(project, "network"),
    ran(project, "closed-doors"),
    ran(project, "tenants"),
  ],
};

const gateways: Check = {
  id: "N4",
  title: "no internet gateway: nothing declares that it needs one",
  run: (project) => [infraPart(project, "network")],
};

export const networkChecks: readonly Check[] = [blocks, groups, monitoring, gateways];
