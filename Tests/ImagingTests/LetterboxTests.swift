import CLetterbox
import Imaging
import TestSupport
import Testing

@Suite("Letterbox")
struct LetterboxTests {
  private func apply(_ image: Image, width: Int, height: Int, _ preprocessing: Preprocessing) -> [Float] {
    let letterbox = Letterbox(
      imageWidth: image.width, imageHeight: image.height, inputWidth: width, inputHeight: height)
    var planes = [Float](repeating: -1, count: 3 * width * height)
    var span = planes.mutableSpan
    letterbox.apply(to: image, preprocessing: preprocessing, into: &span)
    return planes
  }

  private func source(_ width: Int, _ height: Int) throws -> Image {
    Image(width: width, height: height, pixels: try fixture("source-\(width)x\(height).rgb"))
  }

  @Test(
    "is OpenCV's to the last bit, up and down, square and not",
    arguments: [
      [29, 17, 64, 64], [61, 47, 32, 32], [61, 47, 32, 64], [40, 24, 96, 32], [64, 64, 64, 64],
      [100, 8, 32, 32],
    ])
  func openCV(size: [Int]) throws {
    let planes = apply(try source(size[0], size[1]), width: size[2], height: size[3], .standard)
    let expected = try fixture("letterbox-\(size[0])x\(size[1])-\(size[2])x\(size[3]).bgr").map(Float.init)
    #expect(planes == expected, "letterbox \(size)")
  }

  @Test("is the definition at any size, on every instruction set")
  func definition() {
    var generator = SplitMix64(seed: 11)
    var sizes = [
      (1, 1, 64, 32), (2, 1, 32, 32), (1, 2, 32, 32), (3, 3, 32, 64), (4000, 1, 64, 64), (1, 3000, 32, 96),
      (4, 2000, 64, 64), (64, 64, 64, 64), (128, 96, 64, 48), (127, 129, 64, 64), (16384, 3, 32, 32),
    ]
    for _ in 0..<60 {
      let sides = (0..<4).map { _ in
        1 + Int.random(in: 0..<Int.random(in: 1...300, using: &generator), using: &generator)
      }
      sizes.append((sides[0], sides[1], sides[2], sides[3]))
    }
    for (width, height, inputWidth, inputHeight) in sizes {
      let pixels = (0..<width * height * 3).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let image = Image(width: width, height: height, pixels: pixels)
      let letterbox = Letterbox(
        imageWidth: width, imageHeight: height, inputWidth: inputWidth, inputHeight: inputHeight)
      let expected = definition(of: letterbox, image)
      let size = "\(width)x\(height) in \(inputWidth)x\(inputHeight)"
      #expect(apply(image, width: inputWidth, height: inputHeight, .standard) == expected, "\(size)")
      #expect(portable(letterbox, image) == expected, "\(size), portable")
    }
  }

  /// A pixel at a time, as resize.cpp of OpenCV computes 8-bit INTER_LINEAR: BGR, padded with 114.
  private func definition(of letterbox: Letterbox, _ image: Image) -> [Float] {
    let (width, height) = (letterbox.inputWidth, letterbox.inputHeight)
    func place(_ index: Int, _ source: Int, _ target: Int) -> (first: Int, weights: [Int]) {
      let step = 1 / (Double(target) / Double(source))
      let position = Float((Double(index) + 0.5) * step - 0.5)
      let fraction = position - position.rounded(.down)
      let weights = [1 - fraction, fraction].map { Int(($0 * 2048).rounded(.toNearestOrEven)) }
      return (Int(position.rounded(.down)), weights)
    }
    var planes = [Float](repeating: 114, count: 3 * width * height)
    for y in 0..<letterbox.resizedHeight {
      let row = place(y, image.height, letterbox.resizedHeight)
      for x in 0..<letterbox.resizedWidth {
        var column = place(x, image.width, letterbox.resizedWidth)
        if column.first < 0 { column = (0, [2048, 0]) }
        if column.first >= image.width - 1 { column = (image.width - 1, [2048, 0]) }
        for channel in 0..<3 {
          func line(_ y: Int) -> Int {
            let start = min(max(y, 0), image.height - 1) * image.width
            let next = min(column.first + 1, image.width - 1)
            let first = Int(image.pixels[(start + column.first) * 3 + channel])
            let second = Int(image.pixels[(start + next) * 3 + channel])
            return (first * column.weights[0] + second * column.weights[1]) >> 4
          }
          let upper = (line(row.first) * row.weights[0]) >> 16
          let lower = (line(row.first + 1) * row.weights[1]) >> 16
          planes[(2 - channel) * width * height + y * width + x] = Float((upper + lower + 2) >> 2)
        }
      }
    }
    return planes
  }

  /// By the loops that any processor runs.
  private func portable(_ letterbox: Letterbox, _ image: Image) -> [Float] {
    let plane = letterbox.inputWidth * letterbox.inputHeight
    var planes = [Float](repeating: -1, count: 3 * plane)
    planes.withUnsafeMutableBufferPointer { planes in
      guard let base = planes.baseAddress else { return }
      var target = cl_target(
        width: Int32(letterbox.inputWidth), height: Int32(letterbox.inputHeight),
        resized_width: Int32(letterbox.resizedWidth), resized_height: Int32(letterbox.resizedHeight),
        planes: (base + 2 * plane, base + plane, base), scale: (1, 1, 1), offset: (0, 0, 0),
        padding: (114, 114, 114))
      let scratchSize = cl_scratch_size(target.resized_width)
      withUnsafeTemporaryAllocation(byteCount: scratchSize, alignment: 16) { scratch in
        var box = cl_letterbox()
        cl_begin(
          &box, Int32(image.width), Int32(image.height), &target, cl_portable_loops(), scratch.baseAddress)
        for y in 0..<image.height {
          Array(image.pixels[y * image.width * 3..<(y + 1) * image.width * 3]).withUnsafeBufferPointer {
            cl_take_row(&box, $0.baseAddress)
          }
        }
      }
    }
    return planes
  }

  @Test("legacy preprocessing is the authors': RGB, 0...1, ImageNet's mean and deviation, padding too")
  func legacy() throws {
    let image = try source(40, 24)
    let standard = apply(image, width: 64, height: 64, .standard)
    let legacy = apply(image, width: 64, height: 64, .legacy)
    let plane = 64 * 64
    for (channel, (mean, deviation)) in [(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)].enumerated() {
      // BGR against RGB.
      let levels = standard[(2 - channel) * plane..<(3 - channel) * plane]
      let expected = levels.map { ($0 / 255 - Float(mean)) / Float(deviation) }
      expectClose(
        Array(legacy[channel * plane..<(channel + 1) * plane]), expected, within: 1e-5, "plane \(channel)")
    }
  }

  @Test("boxes are mapped back to the image and clipped to it")
  func toImage() {
    let letterbox = Letterbox(imageWidth: 768, imageHeight: 576, inputWidth: 416, inputHeight: 416)
    #expect(letterbox.resizedWidth == 416 && letterbox.resizedHeight == 312)
    let box = letterbox.toImage(x1: 41.6, y1: 31.2, x2: 1000, y2: -5)
    #expect(abs(box.x1 - 76.8) < 1e-3 && abs(box.y1 - 57.6) < 1e-3 && box.x2 == 768 && box.y2 == 0)
  }
}
