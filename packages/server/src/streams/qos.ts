// What a sender offers, resolved and compared with what a pipeline requests: the rule of DDS (OMG DDS 1.4, 2.2.3) that
// an offer must be at least as strong as the request. History, depth and lifespan are the sender's own affair.
// https://docs.ros.org/en/jazzy/Concepts/Intermediate/About-Quality-of-Service-Settings.html#qos-compatibilities
import { SaccadeError } from "../errors/saccade-error.ts";
import type { QosProfile, RequestedQos } from "../pipelines/qos-profile.ts";

/** What a client says of it; absent: the default. */
export type QosOffer = Partial<QosProfile>;

/** Frames that may wait at once, in any stream. */
const MAX_PENDING_COUNT = 100;
const MAX_IN_FLIGHT_COUNT = 16;

export interface QosIncompatibility {
	readonly policy: "reliability" | "deadline" | "liveliness" | "lease";
	readonly offered: string;
	readonly requested: string;
	readonly reason: string;
}

/** Fills in the defaults. Throws INVALID_ARGUMENT for a profile that contradicts itself. */
export function resolveQos(offer: QosOffer): QosProfile {
	const dropPolicy = offer.dropPolicy ?? "keep-last";
	const profile: QosProfile = Object.freeze({
		dropPolicy,
		depth: offer.depth ?? (dropPolicy === "keep-last" ? 1 : MAX_PENDING_COUNT),
		reliability: offer.reliability ?? "reliable",
		deadlineUs: offer.deadlineUs ?? Number.POSITIVE_INFINITY,
		lifespanUs: offer.lifespanUs ?? Number.POSITIVE_INFINITY,
		liveliness: offer.liveliness ?? "automatic",
		livelinessLeaseUs: offer.livelinessLeaseUs ?? Number.POSITIVE_INFINITY,
		latencyBudgetUs: offer.latencyBudgetUs ?? Number.POSITIVE_INFINITY,
		maxInFlightCount: offer.maxInFlightCount ?? 1,
	});
	assertCount("depth", profile.depth, MAX_PENDING_COUNT);
	assertCount("max_in_flight", profile.maxInFlightCount, MAX_IN_FLIGHT_COUNT);
	assertTime("deadline", profile.deadlineUs);
	assertTime("lifespan", profile.lifespanUs);
	assertTime("liveliness_lease", profile.livelinessLeaseUs);
	assertTime("latency_budget", profile.latencyBudgetUs);
	if (dropPolicy === "block" && profile.reliability === "best-effort")
		throw invalid(
			"drop policy BLOCK loses nothing, which best effort does not promise; use reliability RELIABLE or another drop policy",
		);
	return profile;
}

/** Why the offer does not do; empty when it does. */
export function incompatibilities(
	offered: QosProfile,
	requested: RequestedQos,
): QosIncompatibility[] {
	const found: QosIncompatibility[] = [];
	if (
		requested.reliability === "reliable" &&
		offered.reliability === "best-effort"
	)
		found.push({
			policy: "reliability",
			offered: offered.reliability,
			requested: requested.reliability,
			reason: "the pipeline needs every frame; offer RELIABLE",
		});
	if (
		requested.liveliness === "manual-by-topic" &&
		offered.liveliness === "automatic"
	)
		found.push({
			policy: "liveliness",
			offered: offered.liveliness,
			requested: requested.liveliness,
			reason:
				"the pipeline needs each device to show that it is alive; offer MANUAL_BY_TOPIC",
		});
	const late = notWithin(offered.deadlineUs, requested.deadlineUs);
	if (late !== null)
		found.push({
			policy: "deadline",
			...late,
			reason: `the pipeline needs a frame at least every ${late.requested}; offer that or less`,
		});
	const long = notWithin(
		offered.livelinessLeaseUs,
		requested.livelinessLeaseUs,
	);
	if (long !== null)
		found.push({
			policy: "lease",
			...long,
			reason: `the pipeline needs to learn within ${long.requested} that a device is gone; offer that or less`,
		});
	return found;
}

/** The offered time must not exceed the requested one. */
function notWithin(offeredUs: number, requestedUs: number | undefined) {
	if (requestedUs === undefined || offeredUs <= requestedUs) return null;
	return { offered: timeText(offeredUs), requested: timeText(requestedUs) };
}

function timeText(us: number): string {
	return us === Number.POSITIVE_INFINITY ? "never" : `${us / 1000} ms`;
}

function assertCount(name: string, value: number, most: number): void {
	if (Number.isInteger(value) && value >= 1 && value <= most) return;
	throw invalid(`${name} must be 1 to ${most}, got ${value}`);
}

function assertTime(name: string, us: number): void {
	if (!(us > 0)) throw invalid(`${name} must be > 0 ns, got ${us * 1000}`);
}

function invalid(text: string): SaccadeError {
	return new SaccadeError("INVALID_ARGUMENT", `QoS profile: ${text}`);
}
