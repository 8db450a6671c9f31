import FoundationCompatibility
import Imaging

/// Images of a data set with their labels drawn in, on one sheet: a look at it shows shifted boxes and swapped names before
/// a run is spent on them.
package struct LabelSheet {
  private static let tile = 320
  private static let columns = 4
  private static let rows = 4

  /// Writes a JPEG with up to sixteen images, evenly spread over the data set.
  package static func write(_ dataset: DetectionDataset, to path: String) throws {
    let count = min(columns * rows, dataset.entries.count)
    let used = (count + columns - 1) / columns
    var sheet = Image(width: columns * tile, height: max(1, used) * tile, gray: 40)
    for place in 0..<count {
      let index = place * dataset.entries.count / count
      guard let sample = try? dataset.sample(index, side: tile - 4) else { continue }
      var image = sample.image
      image.draw(
        sample.objects.map {
          BoxAnnotation(
            box: ($0.x1, $0.y1, $0.x2, $0.y2), label: dataset.labels[$0.classIndex], colorIndex: $0.classIndex
          )
        })
      sheet.paste(image, left: place % columns * tile, top: place / columns * tile)
    }
    try writeAtomically(try sheet.encoded(as: .jpeg), to: path)
  }
}
