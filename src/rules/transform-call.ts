// SPDX-License-Identifier: Apache-2.0

export { type BoundTransform, bindTransform } from "../fields/transform.js";
