// SETTINGS: ours are fixed for a connection, the peer's arrive one by one and are checked (RFC 9113, 6.5.2).
import { ConnectionError } from "./connection-error.ts";
import {
	DEFAULT_WINDOW_BYTES,
	ERROR,
	MAX_MAX_FRAME_BYTES,
	MAX_WINDOW_BYTES,
	MIN_MAX_FRAME_BYTES,
	SETTING,
} from "./constants.ts";
import { writeUint32 } from "./output.ts";

const SETTING_BYTES = 6;

/** What the peer allows us. */
export interface PeerSettings {
	initialWindowBytes: number;
	maxFrameBytes: number;
}

export function defaultPeerSettings(): PeerSettings {
	return {
		initialWindowBytes: DEFAULT_WINDOW_BYTES,
		maxFrameBytes: MIN_MAX_FRAME_BYTES,
	};
}

export function encodeSettings(
	entries: readonly (readonly [id: number, value: number])[],
): Uint8Array {
	const payload = new Uint8Array(entries.length * SETTING_BYTES);
	for (const [index, [id, value]] of entries.entries()) {
		payload[index * SETTING_BYTES] = id >>> 8;
		payload[index * SETTING_BYTES + 1] = id;
		writeUint32(payload, index * SETTING_BYTES + 2, value);
	}
	return payload;
}

/** Applies a SETTINGS payload to `peer`. Unknown settings are ignored, as the RFC asks. */
export function applySettings(
	peer: PeerSettings,
	bytes: Uint8Array,
	start: number,
	end: number,
): void {
	if ((end - start) % SETTING_BYTES !== 0)
		throw new ConnectionError(
			ERROR.FRAME_SIZE_ERROR,
			`SETTINGS of ${end - start} bytes is no multiple of ${SETTING_BYTES}`,
		);
	for (let at = start; at < end; at += SETTING_BYTES) {
		const id = (bytes[at]! << 8) | bytes[at + 1]!;
		applySetting(peer, id, readUint32(bytes, at + 2));
	}
}

function applySetting(peer: PeerSettings, id: number, value: number): void {
	switch (id) {
		case SETTING.ENABLE_PUSH:
			if (value > 1) throw invalid("ENABLE_PUSH", value, ERROR.PROTOCOL_ERROR);
			break;
		case SETTING.INITIAL_WINDOW_SIZE:
			if (value > MAX_WINDOW_BYTES)
				throw invalid("INITIAL_WINDOW_SIZE", value, ERROR.FLOW_CONTROL_ERROR);
			peer.initialWindowBytes = value;
			break;
		case SETTING.MAX_FRAME_SIZE:
			if (value < MIN_MAX_FRAME_BYTES || value > MAX_MAX_FRAME_BYTES)
				throw invalid("MAX_FRAME_SIZE", value, ERROR.PROTOCOL_ERROR);
			peer.maxFrameBytes = value;
			break;
		default:
			// The table size bounds our encoder, which keeps no table.
			break;
	}
}

function invalid(name: string, value: number, code: 1 | 3): ConnectionError {
	return new ConnectionError(
		code,
		`SETTINGS_${name} of ${value} is not allowed`,
	);
}

export function readUint32(bytes: Uint8Array, at: number): number {
	return (
		bytes[at]! * 0x100_0000 +
		((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)
	);
}
