// A client that sends exactly the octets it is told to, and reads only when told to.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { FRAME, PREFACE } from "../../src/http2/constants.ts";
import { type Frame, settings, takeFrames } from "./frames.ts";

interface Waiter {
	readonly matches: (frame: Frame) => boolean;
	readonly resolve: (frame: Frame) => void;
	readonly reject: (error: Error) => void;
}

export class RawClient {
	readonly socket: Socket;
	/** All that arrived, in order. */
	readonly frames: Frame[] = [];
	/** Resolves when the connection is gone, however. */
	readonly closed: Promise<void>;
	#rest: Buffer = Buffer.alloc(0);
	#waiters: Waiter[] = [];
	#isClosed = false;

	constructor(socket: Socket) {
		this.socket = socket;
		// A reset is one of the ends that servers have for attackers.
		socket.on("error", () => {});
		this.closed = new Promise((resolve) => {
			socket.on("close", () => {
				this.#isClosed = true;
				for (const { reject } of this.#waiters) reject(this.#gone());
				resolve();
			});
		});
	}

	/** Connects and sends the preface. Nothing is read before `read`. */
	static async connect(
		port: number,
		entries: readonly (readonly [id: number, value: number])[] = [],
	): Promise<RawClient> {
		const client = await RawClient.connectSilently(port);
		client.send(PREFACE, settings(entries));
		return client;
	}

	/** Connects and says nothing. */
	static async connectSilently(port: number): Promise<RawClient> {
		const socket = connect(port, "127.0.0.1");
		await once(socket, "connect");
		return new RawClient(socket);
	}

	/** Connects, sends the preface and reads. */
	static async open(
		port: number,
		entries: readonly (readonly [id: number, value: number])[] = [],
	): Promise<RawClient> {
		const client = await RawClient.connect(port, entries);
		client.read();
		return client;
	}

	/** False: the kernel does not take it yet. */
	send(...parts: readonly Uint8Array[]): boolean {
		return this.socket.write(Buffer.concat(parts));
	}

	read(): void {
		this.socket.on("data", (bytes: Buffer) => this.#take(bytes));
	}

	/** The first frame that matches, arrived already or yet to come; rejects when the connection ends before. */
	async first(matches: (frame: Frame) => boolean): Promise<Frame> {
		const found = this.frames.find(matches);
		if (found !== undefined) return found;
		if (this.#isClosed) throw this.#gone();
		return new Promise((resolve, reject) => {
			this.#waiters.push({ matches, resolve, reject });
		});
	}

	/** Error number of the GOAWAY that ended the connection; NaN when none came. */
	get goawayCode(): number {
		const goaway = this.frames.findLast(({ type }) => type === FRAME.GOAWAY);
		return goaway?.payload.readUInt32BE(4) ?? Number.NaN;
	}

	#take(bytes: Buffer): void {
		const [frames, rest] = takeFrames(Buffer.concat([this.#rest, bytes]));
		this.#rest = rest;
		for (const frame of frames) this.#arrived(frame);
	}

	#arrived(frame: Frame): void {
		this.frames.push(frame);
		this.#waiters = this.#waiters.filter((waiter) => {
			if (!waiter.matches(frame)) return true;
			waiter.resolve(frame);
			return false;
		});
	}

	#gone(): Error {
		return new Error(
			`the connection ended after ${this.frames.length} frames, GOAWAY ${this.goawayCode}`,
		);
	}
}
