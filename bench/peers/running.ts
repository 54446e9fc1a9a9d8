// The servers that run: they lead sessions of their own or are stopped, so that nothing else ends them when a signal
// ends the bench.
import { signalAll } from "../lib/process-tree.ts";
import type { PeerServer } from "./peer.ts";

const running = new Set<PeerServer>();

export function endOnSignal(server: PeerServer): void {
	running.add(server);
}

export function forget(server: PeerServer): void {
	running.delete(server);
}

export function endAllOnSignal(): void {
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
		process.once(signal, () => {
			for (const server of running) signalAll(server.pids(), "SIGKILL");
			process.kill(process.pid, signal);
		});
}
