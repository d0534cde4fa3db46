// SPDX-License-Identifier: Apache-2.0
import { type JsonReader, type Span, type Step, step } from "../common/json-reader.js";
import { slotOf } from "./keys.js";

const PARAMETERS = slotOf("requestParameters");
const RESPONSE = slotOf("responseElements");
const TAG_SETS = [step("tagSpecificationSet"), step("items")];
const INSTANCES = [step("instancesSet"), step("items")];
const IMAGE = [step("imageId")];
/** Where a request names an image, in the order in which they count. */
const REQUESTED: readonly (readonly Step[])[] = [
  IMAGE,
  [step("DescribeFastLaunchImagesRequest"), step("ImageId"), step("content")],
  [step("launchSpecification"), step("imageId")],
];

function stringBelow(record: JsonReader, from: Span, path: readonly Step[]): string | undefined {
  const span = record.below(from, path);
  return record.isString(span) ? record.string(span) : undefined;
}

const copy = ({ start, end }: Span): Span => ({ start, end });
const RESOURCE_TYPE = [step("resourceType")];
const TAGS = [step("tags")];
const TAG_KEY = [step("key")];
const TAG_VALUE = [step("value")];

/** ec2.name: the tag Name of the instances that a request starts. */
export function instanceNameOf(record: JsonReader): string | undefined {
  let name = "";
  record.elements(copy(record.find(PARAMETERS, TAG_SETS)), (set) => {
    if (stringBelow(record, set, RESOURCE_TYPE) !== "instance") return;
    let found = false;
    record.elements(record.below(set, TAGS), (tag) => {
      if (found || stringBelow(record, tag, TAG_KEY) !== "Name") return;
      found = true;
      name = stringBelow(record, tag, TAG_VALUE) ?? "";
    });
  });
  return name === "" ? undefined : name;
}

/** ec2.imageids: those of the response; where it has none, the one of the request, which has index 0. */
export function imageIdsOf(record: JsonReader, index: number | undefined): readonly string[] | undefined {
  const images: string[] = [];
  record.elements(copy(record.find(RESPONSE, INSTANCES)), (instance) => {
    const image = stringBelow(record, instance, IMAGE);
    if (image !== undefined && image !== "") images.push(image);
  });
  if (images.length === 0) {
    const requested = requestedImage(record);
    if (requested !== undefined) images.push(requested);
  }
  const wanted = index === undefined ? images : images.slice(index, index + 1);
  return wanted.length === 0 ? undefined : wanted;
}

function requestedImage(record: JsonReader): string | undefined {
  for (const path of REQUESTED) {
    const span = record.find(PARAMETERS, path);
    if (record.isString(span)) {
      const image = record.string(span);
      if (image !== "") return image;
    }
  }
  return undefined;
}
