// A reporter for node:test that pytest reads: one line of JSON a test, `error` null where it passed.
export default async function* report(source) {
  for await (const { type, data } of source) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.nesting > 0 || data.details?.type === "suite") continue;
    const cause = data.details?.error?.cause ?? data.details?.error;
    const error = type === "test:pass" ? null : (cause?.stack ?? String(cause));
    yield JSON.stringify({ name: data.name, error, skipped: Boolean(data.skip || data.todo) }) + "\n";
  }
}
