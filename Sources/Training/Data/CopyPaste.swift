import Imaging

extension Sample {
  /// Copies objects of another image, cut out along their segmentations, to the same positions (Ghiasi et al. 2021, "Simple
  /// copy-paste"). An object that would cover more than `maxCoverage` of an existing one is skipped.
  ///
  /// - Parameter probability: applies to each object with a segmentation.
  package func pasted(
    from other: Sample, probability: Float, maxCoverage: Float = 0.3, random: inout RandomSource
  ) -> Sample {
    var result = self
    let source = random.chance(0.5) ? other.mirrored() : other
    for object in source.objects {
      guard let segmentation = object.segmentation, random.chance(probability) else { continue }
      let box = object.clipped(width: image.width, height: image.height)
      guard box.x2 - box.x1 > 1, box.y2 - box.y1 > 1,
        result.objects.allSatisfy({ box.coverage(of: $0) <= maxCoverage })
      else { continue }
      let width = min(image.width, source.image.width)
      for row in Int(box.y1)..<min(Int(box.y2.rounded(.up)), image.height, source.image.height) {
        for columns in segmentation.columns(inRow: row, width: width) {
          for column in columns { result.image[column, row] = source.image[column, row] }
        }
      }
      result.objects.append(box)
    }
    return result
  }
}

extension Sample.Object {
  /// The fraction of `other`'s box that this box covers.
  fileprivate func coverage(of other: Sample.Object) -> Float {
    let (width, height) = (min(x2, other.x2) - max(x1, other.x1), min(y2, other.y2) - max(y1, other.y1))
    guard width > 0, height > 0 else { return 0 }
    return width * height / max((other.x2 - other.x1) * (other.y2 - other.y1), .leastNormalMagnitude)
  }
}
