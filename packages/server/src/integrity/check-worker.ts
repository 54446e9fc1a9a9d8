// One check of one version, in a thread of its own.
import { parentPort, workerData } from "node:worker_threads";
import { type CheckRequest, checkVersion } from "./check-version.ts";

parentPort?.postMessage(checkVersion(workerData as CheckRequest));
