import FoundationCompatibility
import Imaging

/// The size of an image file as it is displayed, and how it is stored.
struct ImageHeader: Sendable, Equatable {
  /// Of the upright image, in pixels.
  let width: Int
  let height: Int
  let orientation: Orientation
  /// Size of the file.
  let bytes: Int

  /// Those of `yolox detect`: a user's own files are larger than what a server accepts from strangers.
  static let limits = ImageLimits(bytes: 200 << 20)
  /// Headers are within this many bytes in almost all files, so that checking a large data set reads little of it.
  private static let prefix = 1 << 17

  /// - Throws: ``TrainingError/unreadableImage(path:reason:)``.
  init(contentsOf path: String) throws(TrainingError) {
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
    } catch {
      throw .unreadableImage(path: path, reason: "cannot be read")
    }
    let start = [UInt8](data.prefix(ImageHeader.prefix))
    let image: EncodedImage
    do {
      image = try EncodedImage(start, limits: ImageHeader.limits)
    } catch {
      guard data.count > start.count else { throw .unreadableImage(path: path, reason: "\(error)") }
      do {
        image = try EncodedImage([UInt8](data), limits: ImageHeader.limits)
      } catch {
        throw .unreadableImage(path: path, reason: "\(error)")
      }
    }
    (width, height, bytes) = (image.width, image.height, data.count)
    orientation = image.orientation
  }
}
