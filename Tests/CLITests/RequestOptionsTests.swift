import ArgumentParser
import CLI
import Imaging
import Service
import Testing

@Suite("The options of requests")
struct RequestOptionsTests {
  private func limits(_ arguments: [String]) throws -> ImageLimits {
    var configuration = DetectionService.Configuration()
    try RequestOptions.parse(arguments).apply(to: &configuration)
    return configuration.imageLimits
  }

  @Test("limit images by their pixels, sides and bytes")
  func imageLimits() throws {
    let limits = try limits(
      ["--max-image-pixels", "200000000", "--max-image-side", "20000", "--max-body-size", "1000"])
    #expect(limits == ImageLimits(bytes: 1000, side: 20000, pixels: 200_000_000))
    // A phone's 200 megapixels.
    #expect(limits.admits(width: 16320, height: 12240) && !limits.admits(width: 20001, height: 1))
  }

  @Test("derive the limit of pixels from the memory limit")
  func defaults() throws {
    let limits = try limits([])
    #expect(limits.side == ImageLimits.defaultSide && (4_000_000...200_000_000).contains(limits.pixels))
  }

  @Test(
    "reject limits that admit nothing",
    arguments: [["--max-image-pixels", "0"], ["--max-image-side", "-1"], ["--max-image-pixels", "many"]])
  func invalid(arguments: [String]) {
    #expect(throws: (any Error).self) { try RequestOptions.parse(arguments) }
  }
}
