import Imaging

/// The data augmentation of the paper (section 2.1 "strong data augmentation";
/// mosaicdetection.py and data_augment.py).
package struct Augmentation: Sendable, Equatable {
  package var mosaicScale: ClosedRange<Float> = 0.1...2
  /// Probability that an image becomes a mosaic; others only pass ``finish(_:random:)``.
  package var mosaicProbability: Float = 1
  /// Probability that an object with a segmentation is pasted from another image.
  package var copyPaste: Float = 0
  /// Probability that a mosaic is mixed with another image.
  package var mixUpProbability: Float = 1
  package var mixUpScale: ClosedRange<Float> = 0.5...1.5
  package var degrees: Float = 10
  package var translation: Float = 0.1
  package var shear: Float = 2
  package var flipProbability: Float = 0.5
  package var hsv = true

  package init() {}

  /// The paper's settings for its small networks: nano, tiny and s (exps/default/yolox_nano.py).
  package static var small: Augmentation {
    var augmentation = Augmentation()
    augmentation.mosaicScale = 0.5...1.5
    augmentation.mixUpProbability = 0
    return augmentation
  }

  /// Applies mosaic, affine transform, copy-paste and MixUp, then ``finish(_:random:)``.
  ///
  /// - Parameter draw: returns a random image of the data set.
  package func apply(
    to first: Sample, side: Int, random: inout RandomSource, draw: (inout RandomSource) -> Sample
  ) -> Sample {
    guard random.chance(mosaicProbability) else {
      return finish(withPastes(first, side: side, random: &random, draw: draw), random: &random)
    }
    var parts = [first]
    for _ in 0..<3 { parts.append(draw(&random)) }
    let center = (
      x: Int(random.uniform(0.5 * Float(side), 1.5 * Float(side))),
      y: Int(random.uniform(0.5 * Float(side), 1.5 * Float(side)))
    )
    let canvas = mosaic(parts.map { $0.fitted(into: side) }, side: side, center: center)
    let warp = AffineTransform.random(self, side: side, random: &random)
    var sample = warp.apply(to: canvas, side: side)
    sample = withPastes(sample, side: side, random: &random, draw: draw)
    if mixUpProbability > 0, !sample.objects.isEmpty,
      mixUpProbability >= 1 || random.chance(mixUpProbability)
    {
      sample = mixed(sample, with: draw(&random).fitted(into: side), side: side, random: &random)
    }
    return finish(sample, random: &random)
  }

  private func withPastes(
    _ sample: Sample, side: Int, random: inout RandomSource, draw: (inout RandomSource) -> Sample
  ) -> Sample {
    guard copyPaste > 0 else { return sample }
    return sample.pasted(
      from: draw(&random).fitted(into: side), probability: copyPaste, random: &random)
  }

  /// The augmentation of every epoch: HSV jitter and horizontal flip.
  package func finish(_ sample: Sample, random: inout RandomSource) -> Sample {
    var sample = sample
    if hsv { sample.image.shiftColors(random: &random) }
    if random.chance(flipProbability) { sample = sample.mirrored() }
    return sample
  }
}

/// Four images around `center` on a canvas of twice `side`: top left, top right, bottom left, bottom right.
package func mosaic(_ parts: [Sample], side: Int, center: (x: Int, y: Int)) -> Sample {
  var canvas = Sample(image: Image(width: 2 * side, height: 2 * side, gray: 114), objects: [])
  for (index, part) in parts.prefix(4).enumerated() {
    let left = index % 2 == 0 ? center.x - part.image.width : center.x
    let top = index / 2 == 0 ? center.y - part.image.height : center.y
    canvas.image.paste(part.image, left: left, top: top)
    canvas.objects += part.objects.map {
      $0.scaled(1, dx: Float(left), dy: Float(top)).clipped(width: 2 * side, height: 2 * side)
    }
  }
  return canvas
}

extension Augmentation {
  /// MixUp: the mean of `sample` and another image, which is randomly scaled, flipped and cropped.
  fileprivate func mixed(
    _ sample: Sample, with other: Sample, side: Int, random: inout RandomSource
  ) -> Sample {
    guard !other.objects.isEmpty else { return sample }
    let factor = random.uniform(mixUpScale.lowerBound, mixUpScale.upperBound)
    let size = max(1, Int(Float(side) * factor))
    var canvas = Sample(image: Image(width: side, height: side, gray: 114), objects: other.objects)
    canvas.image.paste(other.image, left: 0, top: 0)
    var jittered = Sample(
      image: canvas.image.resized(width: size, height: size),
      objects: canvas.objects.map { $0.scaled(Float(size) / Float(side)) })
    if random.chance(0.5) { jittered = jittered.mirrored() }
    let room = max(0, size - side)
    let (dx, dy) = (Int.random(in: 0...room, using: &random), Int.random(in: 0...room, using: &random))
    var layer = Image(width: side, height: side)
    layer.paste(jittered.image, left: -dx, top: -dy)
    var result = sample
    for index in result.image.pixels.indices {
      result.image.pixels[index] = UInt8((Int(sample.image.pixels[index]) + Int(layer.pixels[index])) / 2)
    }
    result.objects += jittered.objects.map {
      $0.scaled(1, dx: -Float(dx), dy: -Float(dy)).clipped(width: side, height: side)
    }
    return result
  }
}

extension Sample {
  package func mirrored() -> Sample {
    var result = self
    let width = image.width
    for y in 0..<image.height {
      for x in 0..<width {
        let (source, target) = ((y * width + x) * 3, (y * width + width - 1 - x) * 3)
        for channel in 0..<3 { result.image.pixels[target + channel] = image.pixels[source + channel] }
      }
    }
    result.objects = objects.map {
      Object(
        x1: Float(width) - $0.x2, y1: $0.y1, x2: Float(width) - $0.x1, y2: $0.y2, classIndex: $0.classIndex,
        segmentation: $0.segmentation?.mapped { (Float(width) - $0, $1) })
    }
    return result
  }
}

extension Image {
  /// Copies `other` with its corner at `left`, `top`; pixels outside are left out.
  mutating func paste(_ other: Image, left: Int, top: Int) {
    let columns = max(0, -left)..<max(max(0, -left), min(other.width, width - left))
    for y in max(0, -top)..<max(max(0, -top), min(other.height, height - top)) {
      let source = (y * other.width + columns.lowerBound) * 3
      let target = ((y + top) * width + left + columns.lowerBound) * 3
      pixels.replaceSubrange(
        target..<target + columns.count * 3, with: other.pixels[source..<source + columns.count * 3])
    }
  }
}
