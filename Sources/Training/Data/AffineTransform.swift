import Imaging
import PlatformC

/// x' = a x + b y + c, y' = d x + e y + f.
package struct AffineTransform: Sendable, Equatable {
  package let a: Float
  package let b: Float
  package let c: Float
  package let d: Float
  package let e: Float
  package let f: Float

  package init(_ a: Float, _ b: Float, _ c: Float, _ d: Float, _ e: Float, _ f: Float) {
    (self.a, self.b, self.c, self.d, self.e, self.f) = (a, b, c, d, e, f)
  }

  /// Rotation and scale, then shear, then a shift (data_augment.py, get_affine_matrix).
  package static func random(
    _ augmentation: Augmentation, side: Int, random: inout RandomSource
  ) -> AffineTransform {
    func symmetric(_ reach: Float, _ random: inout RandomSource) -> Float { random.uniform(-reach, reach) }
    let angle = symmetric(augmentation.degrees, &random) * .pi / 180
    let scale = random.uniform(augmentation.mosaicScale.lowerBound, augmentation.mosaicScale.upperBound)
    let (cosine, sine) = (scale * cosf(angle), scale * sinf(angle))
    let shearX = tanf(symmetric(augmentation.shear, &random) * .pi / 180)
    let shearY = tanf(symmetric(augmentation.shear, &random) * .pi / 180)
    return AffineTransform(
      cosine - shearY * sine, sine + shearY * cosine,
      symmetric(augmentation.translation, &random) * Float(side),
      -sine + shearX * cosine, cosine + shearX * sine,
      symmetric(augmentation.translation, &random) * Float(side))
  }

  func callAsFunction(_ x: Float, _ y: Float) -> (x: Float, y: Float) {
    (a * x + b * y + c, d * x + e * y + f)
  }

  var inverse: AffineTransform {
    let determinant = a * e - b * d
    let (p, q, r, s) = (e / determinant, -b / determinant, -d / determinant, a / determinant)
    return AffineTransform(p, q, -(p * c + q * f), r, s, -(r * c + s * f))
  }

  /// Warps a sample into a square of `side` pixels, filled with 114 where the source does not reach. A box becomes the
  /// bounding box of its four mapped corners.
  package func apply(to sample: Sample, side: Int) -> Sample {
    let inverse = inverse
    let source = sample.image
    var result = Sample(image: Image(width: side, height: side, gray: 114), objects: [])
    for y in 0..<side {
      for x in 0..<side {
        let (u, v) = inverse(Float(x), Float(y))
        let (column, row) = (u.rounded(.down), v.rounded(.down))
        guard column >= 0, row >= 0, column < Float(source.width - 1), row < Float(source.height - 1) else {
          continue
        }
        let (du, dv) = (u - column, v - row)
        let first = (Int(row) * source.width + Int(column)) * 3
        let second = first + source.width * 3
        let target = (y * side + x) * 3
        for channel in 0..<3 {
          let top = mix(source.pixels[first + channel], source.pixels[first + 3 + channel], du)
          let bottom = mix(source.pixels[second + channel], source.pixels[second + 3 + channel], du)
          result.image.pixels[target + channel] = UInt8(top + (bottom - top) * dv + 0.5)
        }
      }
    }
    result.objects = sample.objects.map { object in
      let corners = [
        self(object.x1, object.y1), self(object.x2, object.y2), self(object.x1, object.y2),
        self(object.x2, object.y1),
      ]
      let (xs, ys) = (corners.map(\.x).sorted(), corners.map(\.y).sorted())
      return Sample.Object(x1: xs[0], y1: ys[0], x2: xs[3], y2: ys[3], classIndex: object.classIndex)
        .clipped(width: side, height: side)
    }
    return result
  }

  @inline(__always)
  private func mix(_ a: UInt8, _ b: UInt8, _ share: Float) -> Float {
    Float(a) + (Float(b) - Float(a)) * share
  }
}
