import type { ComponentChildren } from "preact";

/** A row of a table that is picked by a click, Enter or the space bar. */
export function PickRow(props: {
	readonly isPicked: boolean;
	readonly onPick: () => void;
	readonly children: ComponentChildren;
}) {
	const { isPicked, onPick, children } = props;
	return (
		<tr
			tabIndex={0}
			aria-selected={isPicked}
			onClick={onPick}
			onKeyDown={(event) => {
				if (event.key !== "Enter" && event.key !== " ") return;
				event.preventDefault();
				onPick();
			}}
		>
			{children}
		</tr>
	);
}
