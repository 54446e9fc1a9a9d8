// The scene around the vehicle with three.js: points, the vehicle, rings every 10 m, and a box with its number and speed
// for each track. It is drawn when something changed, and not otherwise.
import type { TrackEntry } from "@saccade/protocol/console";
import {
	BoxGeometry,
	BufferAttribute,
	BufferGeometry,
	Color,
	EdgesGeometry,
	Group,
	LineBasicMaterial,
	LineSegments,
	Matrix4,
	Mesh,
	MeshBasicMaterial,
	PerspectiveCamera,
	Scene,
	Vector3,
	WebGLRenderer,
} from "three";
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
import { colour } from "../../ui/theme.ts";
import { classColour } from "./classes.ts";
import { CardPoints } from "./points/card-points.ts";
import type { CloudHead, CloudPoints } from "./points/cloud-points.ts";
import { RasterPoints } from "./points/raster-points.ts";

/** Of the bundled street's vehicle, from the middle of its rear axle. */
const VEHICLE = { frontM: 3.7, rearM: 0.9, widthM: 1.85, heightM: 1.5 };
const OBJECT_HEIGHTS_M = [1.5, 1.7, 1.75];
const RINGS_M = [10, 20, 30, 40, 50, 60];
const RING_SEGMENTS = 96;
const MOST_TRACKS = 256;
/** Pixels that a label takes. */
const LABEL_WIDTH = 74;
const LABEL_HEIGHT = 17;

/** What lies over what: points by the processor know no depth, and neither do those under them. */
const ORDER = { points: 1, body: 2, lines: 3 } as const;

const VIEWS: Readonly<
	Record<
		ViewPoint,
		readonly [
			eye: readonly [number, number, number],
			target: readonly [number, number, number],
		]
	>
> = {
	chase: [
		[-15, 0, 9.5],
		[11, 0, 0],
	],
	top: [
		[7.99, 0, 62],
		[8, 0, 0],
	],
};

interface TrackMarks {
	readonly box: LineSegments<EdgesGeometry, LineBasicMaterial>;
	readonly motion: LineSegments<BufferGeometry, LineBasicMaterial>;
	readonly label: HTMLElement;
}

/** Without a graphics card WebGL sets up each point as a polygon, on the processor: it draws them faster by itself. */
function isDrawnInSoftware(renderer: WebGLRenderer): boolean {
	const context = renderer.getContext();
	const names = context.getExtension("WEBGL_debug_renderer_info");
	if (names === null) return false;
	const name = String(context.getParameter(names.UNMASKED_RENDERER_WEBGL));
	return /swiftshader|llvmpipe|software/i.test(name);
}

/** From behind the vehicle, or from above. */
export type ViewPoint = "chase" | "top";

export class CloudScene {
	readonly #box: HTMLElement;
	readonly #renderer: WebGLRenderer;
	readonly #scene = new Scene();
	readonly #camera = new PerspectiveCamera(52, 1, 0.3, 400);
	readonly #controls: OrbitControls;
	readonly #points: CloudPoints;
	readonly #ramp = {
		low: new Color(),
		middle: new Color(),
		high: new Color(),
	};
	readonly #mount = new Matrix4();
	readonly #rings = new Group();
	readonly #ringMaterial = new LineBasicMaterial({ transparent: true });
	readonly #vehicleEdges = new LineBasicMaterial({ transparent: true });
	readonly #vehicleBody = new MeshBasicMaterial({ transparent: true });
	readonly #edges = new EdgesGeometry(new BoxGeometry(1, 1, 1));
	readonly #labels = document.createElement("div");
	readonly #tracks = new Map<number, TrackMarks>();
	readonly #observer: ResizeObserver;
	#frame = 0;

	constructor(box: HTMLElement) {
		this.#box = box;
		this.#renderer = new WebGLRenderer({
			antialias: false,
			powerPreference: "high-performance",
		});
		this.#renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
		box.append(this.#renderer.domElement);
		this.#labels.className = "cloud-labels";
		box.append(this.#labels);
		this.#camera.up.set(0, 0, 1);
		this.#controls = new OrbitControls(this.#camera, this.#renderer.domElement);
		this.#controls.maxPolarAngle = Math.PI / 2 - 0.02;
		this.#controls.minDistance = 3;
		this.#controls.maxDistance = 160;
		this.#controls.addEventListener("change", () => this.#drawLater());
		this.#renderer.domElement.tabIndex = 0;
		this.#renderer.domElement.setAttribute(
			"aria-label",
			"Point cloud; arrows turn it, plus and minus come nearer",
		);
		this.#renderer.domElement.addEventListener("keydown", (event) =>
			this.#key(event),
		);
		const pixels = this.#renderer.getPixelRatio();
		this.#points = isDrawnInSoftware(this.#renderer)
			? new RasterPoints(pixels, this.#ramp)
			: new CardPoints(pixels, this.#ramp);
		this.#points.object.renderOrder = ORDER.points;
		this.#scene.add(this.#points.object, this.#rings, this.#vehicle());
		for (const radiusM of RINGS_M) this.#rings.add(this.#ring(radiusM));
		this.recolour();
		this.look("chase");
		this.#observer = new ResizeObserver(() => this.#resize());
		this.#observer.observe(box);
	}

	setCloud(head: CloudHead, bytes: Uint8Array<ArrayBuffer>): void {
		const [
			a = 1,
			b = 0,
			c = 0,
			d = 0,
			e = 0,
			f = 1,
			g = 0,
			h = 0,
			i = 0,
			j = 0,
			k = 1,
			l = 0,
		] = head.mount;
		this.#mount.set(a, b, c, d, e, f, g, h, i, j, k, l, 0, 0, 0, 1);
		this.#points.set(head, bytes, this.#mount);
		this.#drawLater();
	}

	setTracks(tracks: readonly TrackEntry[]): void {
		const gone = new Set(this.#tracks.keys());
		for (const track of tracks.slice(0, MOST_TRACKS)) {
			gone.delete(track.id);
			this.#place(track, this.#tracks.get(track.id) ?? this.#mark(track));
		}
		for (const id of gone) this.#unmark(id);
		this.#drawLater();
	}

	look(point: ViewPoint): void {
		const [eye, target] = VIEWS[point];
		this.#camera.position.set(...eye);
		this.#controls.target.set(...target);
		this.#controls.update();
		this.#drawLater();
	}

	/** The theme changed. */
	recolour(): void {
		const isLight = document.documentElement.dataset["theme"] === "light";
		this.#renderer.setClearColor(new Color(colour("--sunken")));
		const ramp = isLight
			? ["#4a5a8c", "#0f7f8f", "#c25a00"]
			: ["#3d5a98", "#35c2c9", "#ffe08a"];
		// As they are on the screen: the shader mixes, it does not light.
		for (const [i, name] of (["low", "middle", "high"] as const).entries())
			this.#ramp[name].setStyle(ramp[i] ?? "", "srgb-linear");
		this.#points.restyle(this.#ramp);
		this.#ringMaterial.color.set(colour("--line-strong"));
		this.#ringMaterial.opacity = isLight ? 0.7 : 0.55;
		this.#vehicleEdges.color.set(colour("--text"));
		this.#vehicleBody.color.set(colour("--raised"));
		this.#drawLater();
	}

	close(): void {
		cancelAnimationFrame(this.#frame);
		this.#observer.disconnect();
		this.#controls.dispose();
		for (const id of [...this.#tracks.keys()]) this.#unmark(id);
		this.#points.dispose();
		this.#renderer.dispose();
		this.#renderer.domElement.remove();
		this.#labels.remove();
	}

	#vehicle(): Group {
		const { frontM, rearM, widthM, heightM } = VEHICLE;
		const vehicle = new Group();
		const size = [frontM + rearM, widthM, heightM] as const;
		const body = new Mesh(new BoxGeometry(...size), this.#vehicleBody);
		const edges = new LineSegments(
			new EdgesGeometry(body.geometry),
			this.#vehicleEdges,
		);
		body.renderOrder = ORDER.body;
		edges.renderOrder = ORDER.lines;
		vehicle.add(body, edges);
		vehicle.position.set((frontM - rearM) / 2, 0, heightM / 2);
		return vehicle;
	}

	#ring(radiusM: number): LineSegments {
		const places = new Float32Array(6 * RING_SEGMENTS);
		for (let i = 0; i < RING_SEGMENTS; i++)
			for (const end of [0, 1]) {
				const angle = (2 * Math.PI * (i + end)) / RING_SEGMENTS;
				places.set(
					[radiusM * Math.cos(angle), radiusM * Math.sin(angle), 0],
					6 * i + 3 * end,
				);
			}
		const geometry = new BufferGeometry();
		geometry.setAttribute("position", new BufferAttribute(places, 3));
		return new LineSegments(geometry, this.#ringMaterial);
	}

	#mark({ id, classId }: TrackEntry): TrackMarks {
		const color = classColour(classId);
		const material = new LineBasicMaterial({ color, transparent: true });
		const box = new LineSegments(this.#edges, material);
		const motion = new LineSegments(new BufferGeometry(), material);
		motion.geometry.setAttribute(
			"position",
			new BufferAttribute(new Float32Array(6), 3),
		);
		motion.frustumCulled = false;
		box.renderOrder = ORDER.lines;
		motion.renderOrder = ORDER.lines;
		const label = document.createElement("span");
		label.style.color = color;
		this.#labels.append(label);
		this.#scene.add(box, motion);
		const marks = { box, motion, label };
		this.#tracks.set(id, marks);
		return marks;
	}

	#place(
		{ id, classId, state }: TrackEntry,
		{ box, motion, label }: TrackMarks,
	): void {
		const [xM, yM, vx, vy, lengthM, widthM, yawRad] = state;
		const heightM = OBJECT_HEIGHTS_M[classId] ?? 1.6;
		box.position.set(xM, yM, heightM / 2);
		box.rotation.set(0, 0, yawRad);
		box.scale.set(Math.max(lengthM, 0.2), Math.max(widthM, 0.2), heightM);
		const places = motion.geometry.getAttribute("position");
		// Where it is in a second.
		places.setXYZ(0, xM, yM, 0.1);
		places.setXYZ(1, xM + vx, yM + vy, 0.1);
		places.needsUpdate = true;
		const speedMps = Math.hypot(vx, vy);
		label.textContent =
			speedMps > 0.3 ? `${id}  ${speedMps.toFixed(1)} m/s` : String(id);
	}

	/** A label that would cover a nearer one is left out. */
	#nearestFirst(): TrackMarks[] {
		const distance = ({ box }: TrackMarks) =>
			Math.hypot(box.position.x, box.position.y);
		return [...this.#tracks.values()].sort((a, b) => distance(a) - distance(b));
	}

	#unmark(id: number): void {
		const marks = this.#tracks.get(id);
		if (marks === undefined) return;
		this.#tracks.delete(id);
		this.#scene.remove(marks.box, marks.motion);
		marks.box.material.dispose();
		marks.motion.geometry.dispose();
		marks.label.remove();
	}

	#key(event: KeyboardEvent): void {
		const turn: Readonly<Record<string, readonly [number, number, number]>> = {
			ArrowLeft: [0.08, 0, 1],
			ArrowRight: [-0.08, 0, 1],
			ArrowUp: [0, -0.06, 1],
			ArrowDown: [0, 0.06, 1],
			"+": [0, 0, 0.9],
			"=": [0, 0, 0.9],
			"-": [0, 0, 1.1],
		};
		const [around, down, away] = turn[event.key] ?? [];
		if (around === undefined || down === undefined || away === undefined)
			return;
		event.preventDefault();
		const { target } = this.#controls;
		const offset = this.#camera.position.clone().sub(target);
		offset.applyMatrix4(new Matrix4().makeRotationZ(around));
		const flat = Math.hypot(offset.x, offset.y);
		const angle = Math.min(
			1.5,
			Math.max(0.05, Math.atan2(offset.z, flat) - down),
		);
		const distance = offset.length() * away;
		const scale = (distance * Math.cos(angle)) / Math.max(flat, 1e-6);
		this.#camera.position.set(
			target.x + offset.x * scale,
			target.y + offset.y * scale,
			target.z + distance * Math.sin(angle),
		);
		this.#controls.update();
		this.#drawLater();
	}

	#resize(): void {
		const { clientWidth: width, clientHeight: height } = this.#box;
		if (width === 0 || height === 0) return;
		this.#renderer.setSize(width, height);
		this.#camera.aspect = width / height;
		this.#camera.updateProjectionMatrix();
		this.#draw();
	}

	#drawLater(): void {
		if (this.#frame !== 0) return;
		this.#frame = requestAnimationFrame(() => {
			this.#frame = 0;
			this.#draw();
		});
	}

	#draw(): void {
		this.#renderer.render(this.#scene, this.#camera);
		const { clientWidth: width, clientHeight: height } = this.#box;
		const taken: (readonly [x: number, y: number])[] = [];
		for (const { box, label } of this.#nearestFirst()) {
			const at = new Vector3(
				box.position.x,
				box.position.y,
				box.scale.z + 0.4,
			).project(this.#camera);
			const x = ((at.x + 1) * width) / 2;
			const y = ((1 - at.y) * height) / 2;
			const isFree = taken.every(
				([ax, ay]) =>
					Math.abs(ax - x) > LABEL_WIDTH || Math.abs(ay - y) > LABEL_HEIGHT,
			);
			const isSeen =
				at.z < 1 && Math.abs(at.x) < 1 && Math.abs(at.y) < 1 && isFree;
			label.hidden = !isSeen;
			if (!isSeen) continue;
			taken.push([x, y]);
			label.style.transform = `translate(-50%, -100%) translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
		}
	}
}
