import CCodecs

/// Whether an image that is far larger than the network's input is decoded at a part of its size.
package enum ScaledDecode: String, Sendable, CaseIterable {
  /// At an eighth, a quarter or a half: the smallest that still covers every pixel of the input.
  case auto
  case off
}

/// The part of its size at which an image is decoded, in eighths. A JPEG's inverse DCT of 8x8 coefficients then gives so
/// many pixels a side, each the mean of those that it replaces; libwebp takes the same means after decoding.
///
/// libjpeg supports the numbers between too, but has fast code for these alone.
enum DCTScale: UInt32, CaseIterable {
  case full = 8
  case half = 4
  case quarter = 2
  case eighth = 1

  /// A side of an image at this scale. Where it does not divide evenly the last pixel covers fewer than the others; the
  /// letterbox counts it as a whole one, which moves boxes at that edge by less than a pixel of the scaled image.
  func scaled(_ side: Int) -> Int { Int(cc_scaled(UInt32(side), rawValue)) }
}
