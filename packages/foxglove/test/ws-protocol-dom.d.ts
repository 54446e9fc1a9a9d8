// Names of the browser that the declarations of @foxglove/ws-protocol use.
type BufferSource = ArrayBufferView | ArrayBuffer;
