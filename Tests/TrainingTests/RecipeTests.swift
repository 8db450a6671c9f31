import Engine
import Imaging
import TestSupport
import Testing
import Training
import YOLOX

@Suite("Recipe")
struct RecipeTests {
  @Test("box losses of overlapping and of distant boxes, worked out by hand")
  func boxLosses() {
    let a = CenteredBox(x: 2, y: 2, width: 4, height: 4)
    let b = CenteredBox(x: 4, y: 2, width: 4, height: 4)
    // 8 of 24 shared; the enclosing box is 6 x 4 and full.
    #expect(abs(IoULoss.iou(a, b).loss - (1 - 1.0 / 9)) < 1e-6)
    #expect(abs(IoULoss.giou(a, b).loss - (1 - 1.0 / 3)) < 1e-6)
    let c = CenteredBox(x: 10, y: 2, width: 4, height: 4)
    // Nothing shared; 32 of the enclosing 12 x 4 are covered.
    #expect(IoULoss.iou(a, c).loss == 1)
    #expect(abs(IoULoss.giou(a, c).loss - (1 + 16.0 / 48)) < 1e-6)
  }

  @Test("valueGradients of the box losses agree with differences", arguments: IoULoss.allCases)
  func boxGradients(loss: IoULoss) {
    let target = CenteredBox(x: 30, y: 40, width: 20, height: 25)
    for box in [
      CenteredBox(x: 34, y: 37, width: 26, height: 18), CenteredBox(x: 31, y: 41, width: 8, height: 9),
      CenteredBox(x: 25, y: 45, width: 40, height: 50), CenteredBox(x: 80, y: 41, width: 10, height: 9),
    ] {
      let gradient = loss(box, target).gradient
      for (path, computed) in [
        (\CenteredBox.x, gradient.x), (\.y, gradient.y), (\.width, gradient.width),
        (\.height, gradient.height),
      ] {
        var (above, below) = (box, box)
        above[keyPath: path] += 0.05
        below[keyPath: path] -= 0.05
        let measured = (loss(above, target).loss - loss(below, target).loss) / 0.1
        #expect(abs(measured - computed) < 2e-4, "\(loss) of \(box): \(computed), measured \(measured)")
      }
    }
  }

  @Test("the learning rate warms up quadratically, decays by a cosine and ends constant at 5 %")
  func learningRate() {
    let rate = LearningRateSchedule(
      peak: 0.01, warmupIterations: 50, noAugIterations: 150, totalIterations: 1000)
    #expect(rate.rate(0) == 0)
    #expect(abs(rate.rate(25) - 0.0025) < 1e-9)
    #expect(abs(rate.rate(50) - 0.01) < 1e-9)
    // Half-way between 50 and 850: the middle of 0.01 and 0.0005.
    #expect(abs(rate.rate(450) - 0.00525) < 1e-9)
    #expect(abs(rate.rate(850) - 0.0005) < 1e-9)
    #expect(abs(rate.rate(999) - 0.0005) < 1e-9)
  }

  @Test("accumulated batches make one optimiser step, and an epoch ends with a step")
  func accumulation() {
    let groups = (0..<5).map { AccumulationGroup(batch: $0, batchesPerEpoch: 5, accumulation: 2) }
    #expect(groups.map(\.size) == [2, 2, 2, 2, 1])
    #expect(groups.map(\.isComplete) == [false, true, false, true, true])
    #expect(
      TrainingOptions(variant: .s, epochs: 9, batchSize: 8, accumulation: 8, threads: 1).peakLearningRate
        == 0.01)
  }

  @Test("input sizes are the paper's")
  func multiScale() {
    #expect(TrainingOptions.multiScale(.s, size: 640) == 448...832)
    #expect(TrainingOptions.multiScale(.nano, size: 416) == 320...640)
    var options = TrainingOptions(variant: .s, epochs: 9, batchSize: 8, threads: 1)
    #expect(options.inputSize(iteration: 70) == 640)
    options.multiScale = 448...832
    let sides = (0..<4000).map(options.inputSize(iteration:))
    #expect(Set(sides) == Set(stride(from: 448, through: 832, by: 32)))
    #expect(stride(from: 0, to: 4000, by: 10).allSatisfy { Set(sides[$0..<$0 + 10]).count == 1 })
  }

  @Test("SimOTA gives a contested anchor to the cheaper object and every object at least one")
  func contested() {
    // One level of 4 x 4 cells of stride 8; all anchors predict a box of 8 x 8 around their centre.
    let anchors = (0..<16).map {
      AnchorPredictions.Anchor(stride: 8, column: Float($0 % 4), row: Float($0 / 4))
    }
    let raw = Array(repeating: Float(0.5), count: 32) + Array(repeating: Float(0), count: 32)
    let predictions = AnchorPredictions(
      anchors: anchors, classCount: 2, raw: raw, objectness: Array(repeating: 0, count: 16),
      classes: Array(repeating: 0, count: 32))
    func object(_ x: Float, _ y: Float) -> Target {
      Target(classIndex: 0, box: CenteredBox(x: x, y: y, width: 8, height: 8))
    }
    // Exactly on anchors 5 and 10: IoU 1 with it, and 1/3 with the four beside; sums of 2.3 and more give k = 2.
    let assignment = SimOTA()(predictions, [object(12, 12), object(20, 20)])
    let anchorsOf = { (target: Int) in assignment.matches.filter { $0.target == target }.map(\.anchor) }
    #expect(anchorsOf(0).contains(5))
    #expect(anchorsOf(1).contains(10))
    #expect(Set(assignment.matches.map(\.anchor)).count == assignment.matches.count)

    // The same place twice: the anchor can serve only one of them.
    let doubled = SimOTA()(predictions, [object(12, 12), object(12, 12)])
    #expect(doubled.matches.allSatisfy { $0.target == 0 })
    #expect(SimOTA()(predictions, []).matches.isEmpty)
  }

  @Test("mirroring moves boxes to the other side, and mirroring twice restores the image")
  func mirror() {
    var image = Image(width: 5, height: 2)
    image[1, 0] = (10, 20, 30)
    let sample = Sample(image: image, objects: [.init(x1: 1, y1: 0, x2: 2, y2: 1, classIndex: 3)])
    let mirrored = sample.mirrored()
    #expect(mirrored.image[3, 0] == (10, 20, 30))
    #expect(mirrored.objects == [.init(x1: 3, y1: 0, x2: 4, y2: 1, classIndex: 3)])
    #expect(mirrored.mirrored().image == image)
  }

  @Test("mosaic places four images around the centre and clips at the border")
  func mosaicPlaces() {
    let parts = (1...4).map { level in
      Sample(
        image: Image(width: 10, height: 10, gray: UInt8(level)),
        objects: [.init(x1: 0, y1: 0, x2: 10, y2: 10, classIndex: level)])
    }
    let canvas = mosaic(parts, side: 10, center: (x: 6, y: 8))
    #expect(
      [canvas.image[0, 0], canvas.image[6, 7], canvas.image[5, 8], canvas.image[6, 8]].map(\.red) == [
        1, 2, 3, 4,
      ])
    #expect(canvas.image[19, 19].red == 114)
    #expect(canvas.objects[0] == .init(x1: 0, y1: 0, x2: 6, y2: 8, classIndex: 1))
    #expect(canvas.objects[3] == .init(x1: 6, y1: 8, x2: 16, y2: 18, classIndex: 4))
  }

  @Test("a zero shift keeps colours, and a hue shift of a sixth turns red into yellow")
  func colours() {
    var image = Image(width: 1, height: 1)
    image[0, 0] = (255, 0, 0)
    image.shiftColors(hue: 30, saturation: 0, value: 0)
    #expect(image[0, 0] == (255, 255, 0))
    image[0, 0] = (100, 100, 100)
    image.shiftColors(hue: 0, saturation: 0, value: 20)
    #expect(image[0, 0] == (120, 120, 120))
  }
}
