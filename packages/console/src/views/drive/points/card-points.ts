// Points by the graphics card: 16-bit numbers straight from the message, placed and coloured in the shader.
import {
	BufferAttribute,
	BufferGeometry,
	type Matrix4,
	Points,
	ShaderMaterial,
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

const LEAST_PIXELS = 1.2;
const MOST_PIXELS = 3.2;

const VERTEX = `
attribute vec3 place;
attribute float shine;
uniform float stepM;
uniform float pixels;
varying vec3 tone;
uniform vec3 low;
uniform vec3 middle;
uniform vec3 high;
void main() {
	vec4 at = modelMatrix * vec4(place * stepM, 1.0);
	float share = clamp((at.z - FROM_M) / (TO_M - FROM_M), 0.0, 1.0);
	vec3 ramp = share < MIDDLE ? mix(low, middle, share / MIDDLE) : mix(middle, high, (share - MIDDLE) / (1.0 - MIDDLE));
	tone = ramp * (LEAST_SHINE + MORE_SHINE * shine);
	vec4 seen = viewMatrix * at;
	gl_Position = projectionMatrix * seen;
	gl_PointSize = clamp(pixels * PIXELS_AT_1_M / -seen.z, LEAST_PIXELS * pixels, MOST_PIXELS * pixels);
}`;

const FRAGMENT = `
varying vec3 tone;
void main() { gl_FragColor = vec4(tone, 1.0); }`;

/** As GLSL has numbers. */
const float = (value: number): string => value.toFixed(3);

export class CardPoints implements CloudPoints {
	readonly object: Points;
	readonly #geometry = new BufferGeometry();
	readonly #material: ShaderMaterial;

	constructor(pixels: number, ramp: Ramp) {
		this.#material = new ShaderMaterial({
			vertexShader: VERTEX,
			fragmentShader: FRAGMENT,
			defines: {
				FROM_M: float(RAMP.fromM),
				TO_M: float(RAMP.toM),
				MIDDLE: float(RAMP.middle),
				LEAST_SHINE: float(SHINE.least),
				MORE_SHINE: float(SHINE.more),
				PIXELS_AT_1_M: float(PIXELS_AT_1_M),
				LEAST_PIXELS: float(LEAST_PIXELS),
				MOST_PIXELS: float(MOST_PIXELS),
			},
			uniforms: {
				stepM: { value: 0.01 },
				pixels: { value: pixels },
				low: { value: ramp.low },
				middle: { value: ramp.middle },
				high: { value: ramp.high },
			},
		});
		this.object = new Points(this.#geometry, this.#material);
		this.object.frustumCulled = false;
		this.object.matrixAutoUpdate = false;
	}

	set(head: CloudHead, bytes: Uint8Array<ArrayBuffer>, mount: Matrix4): void {
		const { places, shine } = arraysOf(head, bytes);
		this.#geometry.deleteAttribute("place");
		this.#geometry.deleteAttribute("shine");
		// Each message's own memory: what the card has of the one before is freed with its attribute.
		this.#geometry.setAttribute("place", new BufferAttribute(places, 3));
		this.#geometry.setAttribute("shine", new BufferAttribute(shine, 1, true));
		this.#geometry.setDrawRange(0, head.count);
		this.#material.uniforms["stepM"]!.value = head.stepM;
		this.object.matrix.copy(mount);
		this.object.matrixWorldNeedsUpdate = true;
	}

	/** The shader reads the colours themselves. */
	restyle(): void {}

	dispose(): void {
		this.#geometry.dispose();
		this.#material.dispose();
	}
}
