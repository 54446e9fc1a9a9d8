import type { Socket } from "node:net";

/** How the connection holds back, and lets go, its input. */
export interface SocketControl {
	readonly socket: Socket;
	pauseReading(): void;
	resumeReading(): void;
}
