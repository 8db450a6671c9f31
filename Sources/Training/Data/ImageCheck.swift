import COCO
import FoundationCompatibility
import Imaging

/// Compares annotations with the headers of their image files. Boxes for another size of the same image are scaled, boxes
/// for the stored instead of the displayed orientation are turned; unreadable and contradictory images are left out.
struct ImageCheck {
  /// With the sizes of the files.
  let annotations: Annotations
  /// How boxes and segmentations were changed, by image id.
  let transforms: [Int: SizeTransform]
  /// Sizes of the files in bytes, by image id.
  let byteCounts: [Int: Int]
  /// One line for each image that is left out, and one for all that were changed in the same way.
  let issues: [String]

  init(_ source: Annotations, folder: String) {
    var images: [Annotations.Image] = []
    var transforms: [Int: SizeTransform] = [:]
    var byteCounts: [Int: Int] = [:]
    var issues: [String] = []
    var leftOut: Set<Int> = []
    var seen: Set<Int> = []
    var (scaled, turned): ([String], [String]) = ([], [])

    for image in source.images {
      // Duplicates, missing files and sizes of zero are the validator's.
      let path = folder + "/" + image.fileName
      guard seen.insert(image.id).inserted, image.width > 0, image.height > 0 else {
        images.append(image)
        continue
      }
      func leaveOut(_ reason: String) {
        issues.append("image \(image.id) (\(image.fileName)): \(reason); left out with its objects")
        leftOut.insert(image.id)
      }
      guard !image.fileName.split(separator: "/").contains("..") else {
        leaveOut("the file name leads out of the folder of the images")
        continue
      }
      guard FileManager.default.fileExists(atPath: path) else {
        images.append(image)
        continue
      }
      let header: ImageHeader
      do throws(TrainingError) {
        header = try ImageHeader(contentsOf: path)
      } catch {
        leaveOut(error.reason)
        continue
      }
      guard let transform = SizeTransform(annotated: (image.width, image.height), file: header) else {
        leaveOut(
          "annotated for \(image.width)x\(image.height) pixels, but the file has \(header.width)x\(header.height)"
        )
        continue
      }
      byteCounts[image.id] = header.bytes
      if !transform.isIdentity {
        transforms[image.id] = transform
        if transform.turns { turned.append(image.fileName) } else { scaled.append(image.fileName) }
      }
      images.append(
        Annotations.Image(
          id: image.id, fileName: image.fileName, width: header.width, height: header.height))
    }
    if !scaled.isEmpty {
      issues.append(
        "\(ImageCheck.sample(scaled)): the files have another size than annotated; boxes scaled")
    }
    if !turned.isEmpty {
      issues.append(
        "\(ImageCheck.sample(turned)): annotated without the files' EXIF orientation; boxes turned")
    }
    annotations = Annotations(
      images: images, categories: source.categories,
      objects: source.objects.compactMap { object in
        if leftOut.contains(object.imageID) { return nil }
        return transforms[object.imageID].map { object.transformed(by: $0) } ?? object
      })
    (self.transforms, self.byteCounts, self.issues) = (transforms, byteCounts, issues)
  }

  private static func sample(_ names: [String]) -> String {
    "\(names.count) image\(names.count == 1 ? "" : "s") (\(names.prefix(3).joined(separator: ", "))\(names.count > 3 ? ", ..." : ""))"
  }
}

/// From pixels of the annotated size to pixels of the displayed file.
struct SizeTransform: Sendable, Equatable {
  private let annotatedWidth: Double
  private let annotatedHeight: Double
  private let orientation: Orientation
  private let scaleX: Double
  private let scaleY: Double

  /// - Returns: `nil` if the annotated size is that of neither the displayed nor the stored image, whole or scaled.
  init?(annotated: (width: Int, height: Int), file: ImageHeader) {
    let swapsSides = file.orientation.rawValue >= Orientation.transposed.rawValue
    if SizeTransform.isProportional(annotated, (file.width, file.height)) {
      orientation = .upright
    } else if swapsSides, SizeTransform.isProportional(annotated, (file.height, file.width)) {
      orientation = file.orientation
    } else {
      return nil
    }
    (annotatedWidth, annotatedHeight) = (Double(annotated.width), Double(annotated.height))
    let turned = orientation == .upright ? annotated : (annotated.height, annotated.width)
    (scaleX, scaleY) = (Double(file.width) / Double(turned.0), Double(file.height) / Double(turned.1))
  }

  var turns: Bool { orientation != .upright }
  var isIdentity: Bool { !turns && scaleX == 1 && scaleY == 1 }
  /// Pixels of the file for a pixel of the annotated size.
  var areaScale: Double { scaleX * scaleY }

  func callAsFunction(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
    let turned: (x: Double, y: Double) =
      switch orientation {
      case .transposed: (y, x)
      case .rotatedRight: (annotatedHeight - y, x)
      case .transversed: (annotatedHeight - y, annotatedWidth - x)
      case .rotatedLeft: (y, annotatedWidth - x)
      default: (x, y)
      }
    return (turned.x * scaleX, turned.y * scaleY)
  }

  /// Whether one size is the other, scaled and rounded to pixels.
  private static func isProportional(_ a: (width: Int, height: Int), _ b: (width: Int, height: Int)) -> Bool {
    let scale = Double(b.height) / Double(a.height)
    let other = Double(b.width) / Double(a.width)
    return abs(Double(a.width) * scale - Double(b.width)) <= max(1, scale)
      || abs(Double(a.height) * other - Double(b.height)) <= max(1, other)
  }
}

extension Annotations.Object {
  fileprivate func transformed(by transform: SizeTransform) -> Self {
    let (first, second) = (transform(box[0], box[1]), transform(box[0] + box[2], box[1] + box[3]))
    return Self(
      id: id, imageID: imageID, categoryID: categoryID,
      box: [
        min(first.x, second.x), min(first.y, second.y), abs(second.x - first.x), abs(second.y - first.y),
      ], area: area * transform.areaScale, isCrowd: isCrowd)
  }
}

extension Segmentation {
  func transformed(by transform: SizeTransform) -> Segmentation {
    mapped { x, y in
      let point = transform(Double(x), Double(y))
      return (Float(point.x), Float(point.y))
    }
  }
}
