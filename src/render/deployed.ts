/** What is about to be deployed, as the page tells it, and as annotations on the lines of files. */
import type { DeployedImage, ImageUse, Place, Report } from '../core/report.js';
import { forLog, forMarkdown, forMarkdownCode } from './escape.js';
import { count, MARKS } from './words.js';

/** Rows of a table; the rest is in the report. */
const MOST_ROWS = 100;
/** Places of one image. */
const MOST_PLACES = 3;

function placeText({ file, line }: Place): string {
  return line === undefined ? file : `${file}:${line}`;
}

function placesCell(uses: readonly ImageUse[]): string {
  const shown = [...new Set(uses.map(placeText))];
  const more = shown.length - MOST_PLACES;
  return [
    ...shown.slice(0, MOST_PLACES).map(forMarkdownCode),
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join(', ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[], total: number): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const left = total - rows.length;
  return [...lines, ...(left > 0 ? ['', `and ${left} more; report.json has all.`] : [])].join('\n');
}

/** What is wrong first. */
const RANK: Readonly<Record<DeployedImage['status'], number>> = { fail: 0, unknown: 1, warn: 2, pass: 3 };

/** Sections of the page: what could not be read, the images with what became of each, those of other registries. */
export function deployedSection({ deployed, connections }: Report): string[] {
  if (deployed === undefined) return [];
  const images = connections
    .flatMap((connection) => connection.images ?? [])
    .sort((one, other) => RANK[one.status] - RANK[other.status]);
  const { unread, otherImages } = deployed;
  return [
    '### What is to be deployed',
    `${count(deployed.sources, 'source')} with ${count(deployed.objects, 'Kubernetes object')}.`,
    ...(unread.length === 0
      ? []
      : [
          table(
            ['Could not be read', 'Why', 'Fix'],
            unread
              .slice(0, MOST_ROWS)
              .map((one) => [forMarkdownCode(placeText(one)), forMarkdown(one.why), forMarkdown(one.fix)]),
            unread.length,
          ),
        ]),
    ...(images.length === 0
      ? []
      : [
          table(
            ['', 'Image', 'Named in', 'Pulled', ''],
            images
              .slice(0, MOST_ROWS)
              .map(({ status, image, uses, pulled, message = '' }) => [
                MARKS[status],
                forMarkdownCode(image),
                placesCell(uses),
                pulled,
                forMarkdown(message),
              ]),
            images.length,
          ),
        ]),
    ...(otherImages.length === 0
      ? []
      : [
          table(
            ['Image of another registry, not judged', 'Named in'],
            otherImages
              .slice(0, MOST_ROWS)
              .map(({ image, uses }) => [forMarkdownCode(image), placesCell(uses)]),
            otherImages.length,
          ),
        ]),
  ];
}

/** Something to say about a line of a file. Texts are harmless in a log. */
export interface PlacedIssue {
  kind: 'error' | 'warning';
  title: string;
  message: string;
  place: Place;
}

/** What belongs to lines of files: what could not be read, images that can't be pulled, and what to take out. */
export function placedIssues({ deployed, connections }: Report): PlacedIssue[] {
  const unread = (deployed?.unread ?? []).map(({ file, line, why, fix }): PlacedIssue => ({
    kind: 'error',
    title: 'it could not be read',
    message: `${forLog(why)}\n${forLog(fix)}`,
    place: line === undefined ? { file } : { file, line },
  }));
  const images = connections.flatMap(({ images: all = [], cluster }) =>
    all.flatMap(({ status, image, message = '', uses: [first] }): PlacedIssue[] =>
      first === undefined || status === 'pass'
        ? []
        : [
            {
              kind: status === 'warn' ? 'warning' : 'error',
              title: forLog(
                status === 'warn'
                  ? image
                  : `${image} ${status === 'fail' ? 'will not run' : 'may not run'} on ${cluster.name}`,
              ),
              message: `${forLog(first.workload)}, ${forLog(first.container)}: ${forLog(message)}`,
              place: first.line === undefined ? { file: first.file } : { file: first.file, line: first.line },
            },
          ],
    ),
  );
  const findings = connections.flatMap((connection) =>
    connection.findings.flatMap(({ title, fix, places = [] }) =>
      places.map((place): PlacedIssue => ({
        kind: 'warning',
        title: forLog(title),
        message: forLog(fix?.summary ?? title),
        place,
      })),
    ),
  );
  const all = [...unread, ...images, ...findings];
  return [...new Map(all.map((one) => [JSON.stringify([one.place, one.title]), one])).values()];
}
