import CCodecs

/// Whether a JPEG that is far larger than needed is decoded at a part of its size.
package enum ScaledDecode: String, Sendable, CaseIterable {
  /// At an eighth, a quarter or a half, the smallest that still covers every pixel that the network's input takes.
  case auto
  case off
}

/// The part of its size at which a JPEG is decoded, in eighths: an inverse transform of 8x8 coefficients that gives so
/// many pixels a side, each the mean of those that it stands for.
///
/// libjpeg knows the numbers between too, but has quick code for these alone.
enum Reduction: UInt32, CaseIterable {
  case none = 8
  case half = 4
  case quarter = 2
  case eighth = 1

  /// A side of a picture, reduced. Where it does not divide evenly the last pixel stands for fewer than the others; the
  /// letterbox takes it for a whole one, which moves boxes at that edge by less than a pixel of the reduced picture.
  func reduced(_ side: Int) -> Int { Int(cc_reduced(UInt32(side), rawValue)) }
}
