export * from "./dtypes.ts";
export * from "./error-codes.ts";
export * from "./frame-reasons.ts";
export * from "./headers.ts";
export * from "./outcomes.ts";
