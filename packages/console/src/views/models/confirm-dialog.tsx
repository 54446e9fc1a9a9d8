import { useEffect, useRef, useState } from "preact/hooks";

/** Says what will happen, does it when told to, and stays to tell why it was refused. */
export function ConfirmDialog(props: {
	readonly title: string;
	readonly text: string;
	readonly action: string;
	readonly isDangerous: boolean;
	/** Returns why it was refused; empty: it was done. */
	readonly onConfirm: () => Promise<string>;
	readonly onClose: () => void;
}) {
	const { title, text, action, isDangerous, onConfirm, onClose } = props;
	const dialog = useRef<HTMLDialogElement>(null);
	const [isBusy, setIsBusy] = useState(false);
	const [problem, setProblem] = useState("");
	useEffect(() => dialog.current?.showModal(), []);
	const confirm = async () => {
		setIsBusy(true);
		const refused = await onConfirm();
		setIsBusy(false);
		if (refused === "") dialog.current?.close();
		else setProblem(refused);
	};
	return (
		<dialog ref={dialog} aria-label={title} onClose={onClose}>
			<h2>{title}</h2>
			<p class="dim">{text}</p>
			{problem !== "" && (
				<p class="bad" role="alert">
					{problem}
				</p>
			)}
			<div class="actions">
				<button
					type="button"
					class="button"
					onClick={() => dialog.current?.close()}
				>
					Cancel
				</button>
				<button
					type="button"
					class={isDangerous ? "button danger" : "button primary"}
					disabled={isBusy}
					onClick={() => void confirm()}
				>
					{isBusy ? "Working…" : action}
				</button>
			</div>
		</dialog>
	);
}
