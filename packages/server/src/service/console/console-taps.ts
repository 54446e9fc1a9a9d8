// What hears of frames, batches and log lines for consoles, from the start of the server on. Beside the last minutes of
// each pipeline and the newest log lines nothing is kept before somebody looks.
import type { LogEntry } from "@saccade/protocol/console";
import type { FrameOutcome, SensorStream } from "../../streams/stream.ts";
import { DriveTap } from "./drive-tap.ts";
import { LaneTap } from "./lane-tap.ts";
import { MediaTap } from "./media-tap.ts";
import { StreamPulse } from "./stream-pulse.ts";
import { TailTopic } from "./topic.ts";

const LOG_LINES = 500;

export class ConsoleTaps {
	readonly pulse = new StreamPulse();
	readonly media = new MediaTap();
	readonly drive: DriveTap = new DriveTap(this.media);
	readonly lanes = new LaneTap();
	readonly logs: TailTopic<LogEntry> = new TailTopic(LOG_LINES);

	frameEnded(stream: SensorStream, frame: FrameOutcome): void {
		this.pulse.frameEnded(stream, frame);
		this.drive.frameEnded(stream, frame);
	}

	streamEnded(stream: SensorStream): void {
		this.pulse.streamEnded(stream);
	}
}
