import { describe, expect, test } from "vitest";
import { table } from "./table.ts";
import { bytes, cut, paint, plural, printable, shortId } from "./text.ts";
import { age, parseLength, parseTime, when } from "./time.ts";

const now = Date.UTC(2026, 10, 24, 19, 0, 0);

describe("times", () => {
  test("are absolute and relative, in the past and ahead", () => {
    expect(when(now - 3_000, now)).toBe("2026-11-24 18:59:57.000Z (3 s ago)");
    expect(when(new Date(now + 90_000).toISOString(), now)).toBe("2026-11-24 19:01:30.000Z (in 1 min)");
    expect([-1, 0, 999, 59_999, 3_599_999, 86_399_999, 200_000_000].map(age)).toEqual(["0 ms", "0 ms", "999 ms", "59 s", "59 min", "23 h", "2 d"]);
  });

  test("are given as a date, as milliseconds, or as how long ago", () => {
    expect(parseTime("--from", "2026-11-24T18:00:00Z", now)).toBe(now - 3_600_000);
    expect(parseTime("--from", String(now), now)).toBe(now);
    expect(parseTime("--from", "1.5h", now)).toBe(now - 5_400_000);
    expect(parseLength("--delay", "15m")).toBe(900_000);
    for (const text of ["", "soon", "12", "2026", "2026-13-45", "-1h", "1 h"])
      expect(() => parseTime("--from", text, now)).toThrow(expect.objectContaining({ code: "USAGE" }));
    for (const text of ["", "soon", "-1s", "5"]) expect(() => parseLength("--delay", text)).toThrow(expect.objectContaining({ code: "USAGE" }));
  });
});

describe("texts", () => {
  test("control characters and marks that turn the direction are escaped; all else stays", () => {
    expect(printable("a\u001b[31m\r\n\u0000\u007f\u009b\u202e\u2066é漢🙂")).toBe(String.raw`a\u001b[31m\u000d\u000a\u0000\u007f\u009b\u202e\u2066é漢🙂`);
  });

  test("ids are shortened to their end, texts to their beginning", () => {
    expect(shortId("01a20f0c-1287-7000-9114-cf81b7ecfa73")).toBe("…cf81b7ecfa73");
    expect(shortId("short")).toBe("short");
    expect(cut("abcdef", 4)).toBe("abc…");
    expect(cut("abcd", 4)).toBe("abcd");
  });

  test("counts and sizes", () => {
    expect([plural(1, "event"), plural(1200, "event")]).toEqual(["1 event", "1,200 events"]);
    expect([0, 1023, 1536, 5 * 1024 ** 3, 2 ** 60].map(bytes)).toEqual(["0 B", "1023 B", "1.5 KiB", "5.0 GiB", "1048576.0 TiB"]);
  });
});

describe("tables", () => {
  test("line up, leave out empty columns, and escape what they show", () => {
    const items = [
      { name: "a", count: 5, note: "" },
      { name: "long\u001b", count: 1200, note: "" },
    ];
    const text = table(
      items,
      [
        { title: "NAME", cell: (item) => item.name },
        { title: "COUNT", cell: (item) => String(item.count), right: true },
        { title: "NOTE", cell: (item) => item.note },
      ],
      paint(false),
    );
    expect(text.split("\n")).toEqual(["NAME        COUNT", "a               5", String.raw`long\u001b   1200`]);
  });
});
