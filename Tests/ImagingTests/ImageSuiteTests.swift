import Foundation
import Imaging
import Testing

/// Test images of others, which the project does not contain: `Tests/Integration/Images/test_sets.py --keep FOLDER` collects them.
@Suite("Image suites")
struct ImageSuiteTests {
  private static let folder = ProcessInfo.processInfo.environment["YOLOX_IMAGE_SUITES"]

  private struct Expected: Decodable {
    var width: Int
    var height: Int
    var mean: [Double]
  }

  @Test(
    "files of PngSuite, libjpeg-turbo and libwebp have OpenCV's size and mean colour, or a typed error",
    .enabled(if: folder != nil, "YOLOX_IMAGE_SUITES names no folder of test images with expected.json"))
  func suites() throws {
    let folder = URL(filePath: try #require(ImageSuiteTests.folder))
    let expected = try JSONDecoder().decode(
      [String: Expected?].self, from: Data(contentsOf: folder.appending(path: "expected.json")))
    #expect(!expected.isEmpty)
    for (name, expected) in expected.sorted(by: { $0.key < $1.key }) {
      let bytes = [UInt8](try Data(contentsOf: folder.appending(path: name)))
      do throws(ImageError) {
        let image = try Image(decoding: bytes)
        // What OpenCV does not read may still be an image.
        guard let expected else { continue }
        #expect(image.width == expected.width && image.height == expected.height, "\(name)")
        for channel in 0..<3 {
          let levels = stride(from: channel, to: image.pixels.count, by: 3)
          let mean = levels.reduce(0) { $0 + Double(image.pixels[$1]) } / Double(image.width * image.height)
          #expect(abs(mean - expected.mean[channel]) <= 1, "\(name), channel \(channel)")
        }
      } catch {
        // Of what OpenCV reads, that which is incomplete or damaged is rejected here, with the reason.
        if expected != nil {
          switch error {
          case .truncated, .corrupt, .unsupportedVariant: print("\(name): \(error)")
          default: Issue.record("\(name): \(error)")
          }
        }
      }
    }
  }
}
