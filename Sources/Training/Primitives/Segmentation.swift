import FoundationCompatibility

/// The polygons of an object, each a list of alternating x and y in pixels.
package struct Segmentation: Sendable, Equatable {
  package var polygons: [[Float]]

  package init(polygons: [[Float]]) { self.polygons = polygons }

  func mapped(_ transform: (_ x: Float, _ y: Float) -> (Float, Float)) -> Segmentation {
    Segmentation(
      polygons: polygons.map { polygon in
        stride(from: 0, to: polygon.count - 1, by: 2).flatMap { index -> [Float] in
          let (x, y) = transform(polygon[index], polygon[index + 1])
          return [x, y]
        }
      })
  }

  /// The pixels of row `y` whose centres lie inside, as ranges within `0 ..< width` (even-odd rule).
  package func columns(inRow y: Int, width: Int) -> [Range<Int>] {
    let height = Float(y) + 0.5
    var crossings: [Float] = []
    for polygon in polygons {
      let count = polygon.count / 2
      for index in 0..<count {
        let next = (index + 1) % count
        let (x1, y1, x2, y2) = (
          polygon[2 * index], polygon[2 * index + 1], polygon[2 * next], polygon[2 * next + 1]
        )
        if (y1 <= height) != (y2 <= height) { crossings.append(x1 + (height - y1) / (y2 - y1) * (x2 - x1)) }
      }
    }
    crossings.sort()
    return stride(from: 0, to: crossings.count - 1, by: 2).compactMap { index in
      let (first, end) = (
        Int(min(max((crossings[index] - 0.5).rounded(.up), 0), Float(width))),
        Int(min(max((crossings[index + 1] - 0.5).rounded(.up), 0), Float(width)))
      )
      return first < end ? first..<end : nil
    }
  }

  private struct File: Decodable {
    struct Object: Decodable {
      /// `nil` for a record without a usable id.
      let id: Int?
      let polygons: [[Float]]?

      enum CodingKeys: String, CodingKey {
        case id, segmentation
      }

      init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try? container.decode(Int.self, forKey: .id)
        // Crowds have run-length encodings instead of polygons.
        polygons = try? container.decodeIfPresent([[Float]].self, forKey: .segmentation)
      }
    }

    let annotations: [Object]
  }

  /// Reads the segmentations of a COCO "instances" file by annotation id. Objects without polygons are left out.
  package static func read(_ path: String) throws(TrainingError) -> [Int: Segmentation] {
    let file: File
    do {
      file = try JSONDecoder().decode(File.self, from: Data(contentsOf: URL(filePath: path)))
    } catch {
      throw .unusableData(path: path, reason: "the segmentations cannot be read: \(error)")
    }
    return Dictionary(
      file.annotations.compactMap { object in
        let polygons = (object.polygons ?? []).filter { $0.count >= 6 && $0.allSatisfy(\.isFinite) }
        guard let id = object.id, !polygons.isEmpty else { return nil }
        return (id, Segmentation(polygons: polygons))
      }, uniquingKeysWith: { first, _ in first })
  }
}
