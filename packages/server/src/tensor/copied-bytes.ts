// How often tensor bytes are copied in this process's memory between socket and device, and back. One tally a thread,
// as the buffers are; the places that copy add to it.
//
//   socket ─▶ read buffer ─land─▶ slot ─gather─▶ device      device ─▶ outputs ─answer─▶ output buffer ─▶ socket
//                                   └── batch of one: no copy ──┘

export interface CopiedBytes {
	/** Into the slot of a request: heads and texts around the tensors are counted with them. */
	land: number;
	/** From slots into the rows of a batch. */
	gather: number;
	/** Outputs without their padding, where that does not lie behind them. */
	unpad: number;
	/** Outputs into what is written to the socket. */
	answer: number;
	/** Of requests that were answered, inputs and outputs: what the others are measured by. */
	served: number;
}

export const copiedBytes: CopiedBytes = {
	land: 0,
	gather: 0,
	unpad: 0,
	answer: 0,
	served: 0,
};
