export type * from "./api.ts";
export { Status } from "./api.ts";
