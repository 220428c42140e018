// What the server sends: the JSON of about.py, clip.py and wall.py, and the arrays of wire.py.

export type Rgb = [number, number, number];
export type Numbers = Uint8Array | Int16Array | Float32Array;
export type Arrays = Record<string, { shape: number[]; data: Numbers }>;
export type Point = { y: number; x: number };

/** Values of a spec by the name of their field; a field's `kind` tells what its value is. */
export type Spec = Record<string, unknown>;

export interface Field {
  name: string;
  group: string;
  kind: string;
  about: string;
  unit: string;
  low: number | null;
  high: number | null;
  choices: string[];
}

export interface About {
  presets: Record<string, { about: string; spec: Spec }>;
  fields: Field[];
  splits: string[];
  sorts: Record<string, string>;
  class_names: string[];
  class_colours: Rgb[];
  instance_colours: Rgb[];
  camouflage_levels: number;
  flow_steps: number;
  parts: Part[];
  predicted_sorts: Record<string, string>;
  errors: string[];
  dataset: { place: string; num_clips: number; split: string; seed: string; spec: Spec } | null;
}

export interface ClipFacts {
  clip: string;
  split: string;
  num_frames: number;
  height: number;
  width: number;
  labels: (number | null)[];
  difficulty: Record<string, number>;
  solvable: boolean;
  matches_recipe: boolean | null;
}

export interface Clip {
  facts: ClipFacts;
  arrays: Arrays;
  height: number;
  width: number;
  /** Of a prediction: frames that were given, of which nothing is predicted. */
  given?: number;
}

/** A part whose clips are predicted; that of the stored data set has no name. */
export interface Part {
  name: string;
  split: string;
  seed: string;
  num_clips: number;
  given: number;
  models: string[];
  spec: Spec;
}

export interface PredictionFacts {
  model: string;
  scores: Record<string, number>;
  has_probabilities: boolean;
  wrong: number | null;
  given: number;
}

export interface ModelScores {
  name: string;
  scores: Record<string, number>;
  confusion: number[][];
  breakdowns: Record<string, { name: string; counts: number[] }[]>;
}

export interface BoardFacts {
  scored: number;
  num_clips: number;
  outcomes: string[];
  titles: Record<string, string>;
  models: ModelScores[];
}

export interface WallFacts {
  clips: { clip: string; labels: number[]; difficulty: Record<string, number>; value: number | null }[];
  matching: number;
  examined: number;
  asked: number;
  stopped: "" | "size" | "end";
}

/** How a clip is drawn: overlays, their strength in 0..1, what is beside the video, and the colours. */
export interface Look {
  shown: Set<string>;
  mix: number;
  beside: string;
  said: string;
  about: About;
}

export type Painter = (image: ImageData, clip: Clip, t: number, look: Look) => void;
