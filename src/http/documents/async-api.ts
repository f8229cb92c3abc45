/** The app's events as an AsyncAPI 3 document: what it takes over HTTP, and what its handlers emit. */
import type { App } from "../../core/app.ts";
import type { AnyEvent } from "../../core/event.ts";
import type { Json } from "../../core/json.ts";
import { jsonSchemaOf } from "../../core/schema.ts";
import { componentName, embedded } from "./schema.ts";

export function asyncApi(app: App, version: string): Json {
  const events = [...app.topology.events.values()].filter(({ name }) => !name.startsWith("pulsequeue."));
  const named = (event: AnyEvent): string => componentName(event.name);
  const emitted = events.filter(({ name }) => app.topology.emitters.has(name));
  return {
    asyncapi: "3.0.0",
    info: { title: app.name, version, description: "The events of one application, as CloudEvents 1.0." },
    defaultContentType: "application/cloudevents+json",
    channels: Object.fromEntries(
      events.map((event) => [
        named(event),
        {
          address: event.name,
          description: `Version ${String(event.version)}${event.key === undefined ? "" : "; in order by key"}.`,
          messages: { [named(event)]: { $ref: `#/components/messages/${named(event)}` } },
        },
      ]),
    ),
    operations: Object.fromEntries([
      ...events.map((event) => [`receive.${named(event)}`, operation("receive", event)] as const),
      ...emitted.map((event) => [`send.${named(event)}`, operation("send", event)] as const),
    ]),
    components: { messages: Object.fromEntries(events.map((event) => [named(event), messageOf(event)])) },
  };
}

function operation(action: "receive" | "send", event: AnyEvent): Json {
  const channel = `#/channels/${componentName(event.name)}`;
  return { action, channel: { $ref: channel }, messages: [{ $ref: `${channel}/messages/${componentName(event.name)}` }] };
}

function messageOf(event: AnyEvent): Json {
  const place = `#/components/messages/${componentName(event.name)}/payload/properties/data`;
  return {
    name: event.name,
    title: event.name,
    contentType: "application/cloudevents+json",
    payload: {
      type: "object",
      required: ["specversion", "id", "source", "type", "data"],
      properties: {
        specversion: { const: "1.0" },
        id: { type: "string", minLength: 1, maxLength: 256 },
        source: { type: "string", minLength: 1, maxLength: 256 },
        type: { const: event.name },
        schemaversion: { const: event.version },
        data: embedded(jsonSchemaOf(event.schema) ?? {}, place),
      },
    },
  };
}
