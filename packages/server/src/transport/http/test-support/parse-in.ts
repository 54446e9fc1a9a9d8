import type { JsonResult, JsonTask } from "../json/json-task.ts";
import type { JsonThread } from "../json/json-thread.ts";

/** A task as a promise. */
export function parseIn<Task extends JsonTask>(
	thread: JsonThread,
	task: Task,
): Promise<JsonResult<Task>> {
	return new Promise((resolve, reject) => {
		thread.run(task, (error, result) =>
			result === null ? reject(error) : resolve(result),
		);
	});
}
