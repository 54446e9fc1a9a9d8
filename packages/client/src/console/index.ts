export {
	ConsoleLink,
	type ConsoleLinkListener,
	type LinkState,
} from "./console-link.ts";
export { decodeMedia } from "./media.ts";
