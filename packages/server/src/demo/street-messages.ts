// Between the thread that is the street with the vehicle in it, and the one that speaks to the server.
export interface StreetData {
	readonly seed: number;
	readonly durationS: number;
	/** How far the street is ahead of the clock, so that its sensors can be drawn before they speak. */
	readonly leadMs: number;
	readonly hasCamera: boolean;
	/** How many times as often as they should LiDAR and camera speak. */
	readonly rate: number;
}

/** What a sensor says, `dueUs` after the start. Bytes are given away. */
export type StreetReading = { readonly dueUs: number } & (
	| {
			readonly kind: "imu";
			readonly angular: readonly [number, number, number];
			readonly linear: readonly [number, number, number];
	  }
	| { readonly kind: "wheels"; readonly speedMps: number }
	| {
			readonly kind: "path";
			readonly stepM: number;
			/** x, y and yaw of all points, one after the other. */
			readonly points: Uint8Array;
	  }
	| { readonly kind: "lidar"; readonly points: Uint8Array }
	| { readonly kind: "camera"; readonly pixels: Uint8Array }
);

export type FromStreet =
	| { readonly kind: "ready" }
	| { readonly kind: "readings"; readonly readings: readonly StreetReading[] }
	| { readonly kind: "collision"; readonly with: string }
	/** `pausedMs`: how long the street stood still, for want of a machine that draws it in time. */
	| { readonly kind: "end"; readonly pausedMs: number };

export type ToStreet =
	/** CLOCK_MONOTONIC, which all threads share. */
	| { readonly kind: "start"; readonly atNs: bigint }
	| {
			readonly kind: "command";
			readonly action: string;
			readonly accelerationMps2: number;
			/** Infinity: no limit. */
			readonly speedMps: number;
	  };
