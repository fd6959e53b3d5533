// PostGraphile as its own documentation has it in production: no GraphiQL, no explanations.
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";

export default {
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset],
  // It hides filters and orders on columns without an index, which the workload `filtered` uses.
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [makePgService({ connectionString: process.env.BENCH_POSTGRES, schemas: ["public"] })],
  // Plain lists, so that the answers have the same shape as the other servers'.
  schema: { defaultBehavior: "-connection +list" },
  grafserv: { host: "127.0.0.1", port: Number(process.env.PORT), graphiql: false, websockets: false },
  grafast: { explain: false },
};
