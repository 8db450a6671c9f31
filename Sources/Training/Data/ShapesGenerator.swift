import COCO
import FoundationCompatibility
import Imaging

/// Generates a data set of circles, squares and triangles on noise, to test training within minutes without a download.
package struct ShapesGenerator: Sendable {
  package enum Shape: String, CaseIterable, Sendable {
    case circle, square, triangle

    /// - Parameter u, v: in a box of -1...1.
    func contains(_ u: Float, _ v: Float) -> Bool {
      switch self {
      case .circle: u * u + v * v <= 1
      case .square: true
      case .triangle: abs(u) <= (v + 1) / 2
      }
    }
  }

  package var side = 160
  package var objectsPerImage = 1...4
  /// Range of shape sizes, relative to the image side.
  package var sizes: ClosedRange<Float> = 0.125...0.333
  package var seed: UInt64 = 0

  package init() {}

  /// Writes `annotations/instances_train.json`, `train/` and the same for `val`, as ``DataFolder`` reads them.
  package func write(train: Int, validation: Int, to folder: String) throws(TrainingError) {
    for (name, count, place) in [("train", train, 0), ("val", validation, 1)] {
      var images: [Annotations.Image] = []
      var objects: [Annotations.Object] = []
      do {
        for path in ["\(folder)/annotations", "\(folder)/\(name)"] {
          try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        for id in 1...count {
          let (image, shapes) = image(split: place, index: id)
          let file = "\(id).png"
          try Data(image.encoded(as: .png)).write(to: URL(filePath: "\(folder)/\(name)/\(file)"))
          images.append(
            Annotations.Image(id: id, fileName: file, width: image.width, height: image.height))
          for (category, box) in shapes {
            objects.append(
              Annotations.Object(id: objects.count + 1, imageID: id, categoryID: category + 1, box: box))
          }
        }
      } catch {
        throw .unwritable(path: folder, reason: "\(error)")
      }
      let annotations = Annotations(
        images: images,
        categories: Shape.allCases.enumerated().map {
          Annotations.Category(id: $0.offset + 1, name: $0.element.rawValue)
        }, objects: objects)
      try AnnotationsFile.write(annotations, to: "\(folder)/annotations/instances_\(name).json")
    }
  }

  /// Draws an image with class index and x, y, width, height of each shape. Shapes do not overlap.
  package func image(split: Int, index: Int) -> (image: Image, shapes: [(classIndex: Int, box: [Double])]) {
    var random = RandomSource(seed, UInt64(split), UInt64(index))
    var image = Image(width: side, height: side)
    let background = (0..<3).map { _ in random.uniform(40, 200) }
    for place in image.pixels.indices {
      image.pixels[place] = UInt8(background[place % 3] + random.uniform(-30, 30))
    }
    var shapes: [(classIndex: Int, box: [Double])] = []
    for _ in 0..<Int.random(in: objectsPerImage, using: &random) {
      let size = Int(random.uniform(sizes.lowerBound, sizes.upperBound) * Float(side))
      let (x, y) = (
        Int.random(in: 0...side - size, using: &random), Int.random(in: 0...side - size, using: &random)
      )
      let box = [x, y, size, size].map { Double($0) }
      let isFree = shapes.allSatisfy { other in
        (0..<2).contains { axis in
          box[axis] >= other.box[axis] + other.box[2] || other.box[axis] >= box[axis] + box[2]
        }
      }
      guard isFree else { continue }
      let classIndex = Int.random(in: Shape.allCases.indices, using: &random)
      // Distinct from the background colour.
      let color = background.map {
        UInt8(($0 + random.uniform(90, 160)).truncatingRemainder(dividingBy: 256))
      }
      for row in 0..<size {
        for column in 0..<size {
          let (u, v) = (2 * (Float(column) + 0.5) / Float(size) - 1, 2 * (Float(row) + 0.5) / Float(size) - 1)
          if Shape.allCases[classIndex].contains(u, v) {
            image[x + column, y + row] = (color[0], color[1], color[2])
          }
        }
      }
      shapes.append((classIndex, box))
    }
    return (image, shapes)
  }
}
