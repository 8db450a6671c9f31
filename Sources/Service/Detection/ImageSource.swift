import Imaging
import YOLOX

/// An image from which the pixels can be had, to draw boxes.
enum ImageSource: Sendable {
  case encoded(EncodedImage)
  case pixels(Image)

  func image() throws(ImageError) -> Image {
    switch self {
    case .encoded(let encoded): try encoded.decoded()
    case .pixels(let image): image
    }
  }

  /// Of the file; `nil` for pixels.
  var bytes: [UInt8]? {
    switch self {
    case .encoded(let encoded): encoded.bytes
    case .pixels: nil
    }
  }

  /// In pixels.
  var size: (width: Int, height: Int) {
    switch self {
    case .encoded(let encoded): (encoded.width, encoded.height)
    case .pixels(let image): (image.width, image.height)
    }
  }

  /// Of decoding all pixels.
  var decodingCost: PreprocessingPool.Cost {
    let isLong = size.width * size.height > PreprocessingPool.Cost.longPixels
    switch self {
    case .encoded(let image): return .init(isLong: isLong, bytes: image.decodedBytes)
    case .pixels: return .init(isLong: isLong)
    }
  }

  /// Of decoding, turning and encoding: three times the pixels.
  var drawingCost: PreprocessingPool.Cost {
    let pixels = size.width * size.height
    return PreprocessingPool.Cost(
      isLong: pixels > PreprocessingPool.Cost.longPixels / 4, bytes: 3 * 3 * pixels)
  }
}

extension PreprocessingPool.Cost {
  /// More pixels than these take longer to decode than most requests take altogether.
  static let longPixels = 5_000_000
  /// Less memory than this, for each worker, need not be counted.
  private static let smallBytes = 4 << 20
  /// A longer body takes as long to parse.
  private static let longBody = 4 << 20

  static func decoding(_ image: EncodedImage, for model: Model) -> Self {
    Self(isLong: image.width * image.height > longPixels, bytes: model.decodingBytes(of: image))
  }

  /// Whether the job may follow a short one without waiting in the queue.
  var isSmall: Bool { !isLong && bytes <= Self.smallBytes }

  /// Of detections in JSON or CSV, some 200 bytes each.
  static func encoding(detections: Int) -> Self { Self(isLong: detections > 10_000, bytes: 400 * detections) }

  /// Of raw predictions: copies of four bytes and some twelve characters for each number.
  static func encoding(numbers: Int) -> Self { Self(isLong: numbers > 500_000, bytes: 24 * numbers) }

  /// Of a body with the images in it.
  static func parsing(_ body: [UInt8]) -> Self { Self(isLong: body.count > longBody, bytes: 2 * body.count) }
}
