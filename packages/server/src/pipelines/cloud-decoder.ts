// A cloud of any layout as a view that `readPoints` reads: in place, in memory that is used again.
import {
	createFoxglovePointCloud,
	createPointCloudView,
	createRosPointCloud2,
	decodeFoxglovePointCloud,
	decodeRosPointCloud2,
	type PointCloudView,
	viewPackedCloud,
} from "@saccade/perception";
import type { CloudPayload } from "./frame.ts";

/** @throws PointCloudError when called with what is truncated or contradicts itself */
export type CloudDecoder = (
	cloud: Pick<CloudPayload, "layout" | "bytes">,
) => PointCloudView;

export function createCloudDecoder(): CloudDecoder {
	const view = createPointCloudView();
	const foxglove = createFoxglovePointCloud();
	const ros = createRosPointCloud2();
	return ({ layout, bytes }) => {
		switch (layout.kind) {
			case "packed":
				viewPackedCloud(bytes, layout, view);
				return view;
			case "foxglove":
				decodeFoxglovePointCloud(bytes, foxglove);
				return foxglove.view;
			case "point-cloud2":
				decodeRosPointCloud2(bytes, ros);
				return ros.view;
		}
	};
}
