// onnxruntime-common's declarations name browser types; no browser type is used here.
declare type WebGLRenderingContext = never;
declare type WebGLTexture = never;
declare type ImageData = never;
declare type ImageBitmap = never;
declare type HTMLImageElement = never;
