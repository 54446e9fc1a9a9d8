// Every claim that is measured, in the order of the tables. A module joins by a line here.
import type { ClaimModule } from "./claim.ts";

export const CLAIMS: readonly ClaimModule[] = [];
