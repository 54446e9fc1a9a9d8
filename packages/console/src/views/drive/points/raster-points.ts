// Points by the processor, where there is no graphics card: a picture of them that covers the scene. It knows no depth
// of other things: rings lie under it, the vehicle and the boxes above.
import {
	BufferAttribute,
	BufferGeometry,
	type Camera,
	DataTexture,
	Matrix4,
	Mesh,
	NoBlending,
	type PerspectiveCamera,
	ShaderMaterial,
	Vector2,
	type WebGLRenderer,
} from "three";
import {
	arraysOf,
	type CloudHead,
	type CloudPoints,
	PIXELS_AT_1_M,
	RAMP,
	type Ramp,
	SHINE,
} from "./cloud-points.ts";
import { PointRaster, type RasterCloud, rampTable } from "./point-raster.ts";

const LEAST_PIXELS = 1;
const MOST_PIXELS = 2;

const VERTEX = "void main() { gl_Position = vec4(position.xy, 0.0, 1.0); }";
const FRAGMENT = `
uniform sampler2D picture;
void main() {
	vec4 tone = texelFetch(picture, ivec2(gl_FragCoord.xy), 0);
	if (tone.a == 0.0) discard;
	gl_FragColor = tone;
}`;

/** One triangle that covers the screen. */
const COVER = new Float32Array([-1, -1, 0, 3, -1, 0, -1, 3, 0]);

export class RasterPoints implements CloudPoints {
	readonly object: Mesh;
	readonly #pixels: number;
	readonly #geometry = new BufferGeometry();
	readonly #material: ShaderMaterial;
	readonly #toClip = new Matrix4();
	readonly #size = new Vector2();
	/** From the vehicle's places to the sensor's steps. */
	readonly #place = new Matrix4();
	#cloud: RasterCloud | null = null;
	#table: Uint32Array;
	#raster = new PointRaster(1, 1);
	#texture = textureOf(this.#raster);

	constructor(pixels: number, ramp: Ramp) {
		this.#pixels = pixels;
		this.#table = tableOf(ramp);
		this.#geometry.setAttribute("position", new BufferAttribute(COVER, 3));
		this.#material = new ShaderMaterial({
			vertexShader: VERTEX,
			fragmentShader: FRAGMENT,
			uniforms: { picture: { value: this.#texture } },
			// Drawn in its order; what is seen through it is left out by the shader.
			transparent: true,
			blending: NoBlending,
			depthTest: false,
			depthWrite: false,
		});
		this.object = new Mesh(this.#geometry, this.#material);
		this.object.frustumCulled = false;
		this.object.onBeforeRender = (renderer, _scene, camera) =>
			this.#draw(renderer, camera);
	}

	set(head: CloudHead, bytes: Uint8Array<ArrayBuffer>, mount: Matrix4): void {
		this.#cloud = { ...arraysOf(head, bytes), count: head.count };
		const { stepM } = head;
		this.#place.makeScale(stepM, stepM, stepM).premultiply(mount);
	}

	restyle(ramp: Ramp): void {
		this.#table = tableOf(ramp);
	}

	dispose(): void {
		this.#geometry.dispose();
		this.#material.dispose();
		this.#texture.dispose();
	}

	#draw(renderer: WebGLRenderer, camera: Camera): void {
		const { width, height } = renderer.getDrawingBufferSize(this.#size);
		if (width !== this.#raster.width || height !== this.#raster.height) {
			this.#texture.dispose();
			this.#raster = new PointRaster(width, height);
			this.#texture = textureOf(this.#raster);
			this.#material.uniforms["picture"]!.value = this.#texture;
		}
		if (this.#cloud === null) return;
		const e = this.#place.elements;
		const perM = 1 / (RAMP.toM - RAMP.fromM);
		this.#toClip
			.multiplyMatrices(camera.projectionMatrix, camera.matrixWorldInverse)
			.multiply(this.#place);
		this.#raster.draw(
			this.#cloud,
			{
				toClip: this.#toClip.elements,
				toRamp: [
					perM * e[2]!,
					perM * e[6]!,
					perM * e[10]!,
					perM * (e[14]! - RAMP.fromM),
				],
				nearM: (camera as PerspectiveCamera).near,
				pixelsAt1M: this.#pixels * PIXELS_AT_1_M,
				leastPixels: this.#pixels * LEAST_PIXELS,
				mostPixels: this.#pixels * MOST_PIXELS,
			},
			this.#table,
		);
		this.#texture.needsUpdate = true;
	}
}

function textureOf({ picture, width, height }: PointRaster): DataTexture {
	return new DataTexture(picture, width, height);
}

function tableOf({ low, middle, high }: Ramp): Uint32Array {
	return rampTable((share, shine) => {
		const isLow = share < RAMP.middle;
		const part = isLow
			? share / RAMP.middle
			: (share - RAMP.middle) / (1 - RAMP.middle);
		const tone = isLow
			? low.clone().lerp(middle, part)
			: middle.clone().lerp(high, part);
		tone.multiplyScalar(SHINE.least + SHINE.more * shine);
		return [tone.r, tone.g, tone.b];
	});
}
