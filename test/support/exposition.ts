/** A strict reader of the text format that Prometheus scrapes (exposition format 0.0.4), for tests of it. */

export interface Exposition {
  /** Type by metric, as `# TYPE` says. */
  readonly types: ReadonlyMap<string, string>;
  /** Value by series, as `name{label="value"}` with the labels in their order. */
  readonly series: ReadonlyMap<string, number>;
}

const metricName = /^[a-z][a-z0-9_]*$/;
const sample = /^(?<name>[a-z][a-z0-9_]*)(?:\{(?<labels>[^}]*)\})? (?<value>\+Inf|NaN|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
const label = /^[a-z_][a-z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"$/;
const kinds: readonly string[] = ["counter", "gauge", "histogram"];

/** Throws for whatever is not exactly as the format and the naming rules want it. */
export function parseExposition(text: string): Exposition {
  const types = new Map<string, string>();
  const series = new Map<string, number>();
  const helped = new Set<string>();
  let current = "";
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = "", rest = ""] = comment;
      if (!metricName.test(name)) throw new Error(`a bad name: ${line}`);
      if (kind === "HELP") {
        if (helped.has(name)) throw new Error(`explained twice: ${name}`);
        helped.add(name);
      } else {
        if (types.has(name) || !helped.has(name) || !kinds.includes(rest)) throw new Error(`a bad type: ${line}`);
        if ((rest === "counter") !== name.endsWith("_total")) throw new Error(`only counters end in _total: ${line}`);
        types.set(name, rest);
      }
      current = name;
      continue;
    }
    const { name = "", labels = "", value = "" } = sample.exec(line)?.groups ?? {};
    const base = types.get(current) === "histogram" ? name.replace(/_(?:bucket|sum|count)$/, "") : name;
    if (base === "" || base !== current || !types.has(base)) throw new Error(`a sample outside its metric: ${line}`);
    if (labels !== "" && !labels.split(",").every((each) => label.test(each))) throw new Error(`bad labels: ${line}`);
    const id = labels === "" ? name : `${name}{${labels}}`;
    if (series.has(id)) throw new Error(`a series twice: ${id}`);
    series.set(id, Number(value.replace("+Inf", "Infinity")));
  }
  return { types, series };
}
