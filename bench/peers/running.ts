// The servers that run: they lead sessions of their own or are stopped, so that nothing else ends them when the bench
// ends before its time: by a signal, or by an error that nobody caught.
import { signalAll } from "../lib/process-tree.ts";
import type { PeerServer } from "./peer.ts";

const running = new Set<PeerServer>();

export function endWithBench(server: PeerServer): void {
	running.add(server);
}

export function forget(server: PeerServer): void {
	running.delete(server);
}

export function watchForEnd(): void {
	process.once("exit", endAll);
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
		process.once(signal, () => {
			endAll();
			process.kill(process.pid, signal);
		});
}

function endAll(): void {
	for (const server of running) signalAll(server.pids(), "SIGKILL");
}
