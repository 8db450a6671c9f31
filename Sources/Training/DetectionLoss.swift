import Engine
import YOLOX

/// The four losses of the paper over a batch (yolo_head.py, get_losses), each divided by the number of anchors that
/// answer for an object.
package struct Losses: Codable, Sendable, Equatable {
  /// Weighted by 5.
  package var box: Float = 0
  package var l1: Float = 0
  package var objectness: Float = 0
  package var classes: Float = 0
  /// Of the choice of one anchor for each object; 0 for heads that make none.
  package var selection: Float = 0
  /// Anchors that answer for an object, for each object.
  package var foregroundPerObject: Float = 0

  package init() {}

  package var total: Float { box + l1 + objectness + classes + selection }
}

extension Losses {
  /// From those of each process's images to those of all.
  fileprivate mutating func sum(over peers: ProcessGroup) {
    guard peers.count > 1 else { return }
    var values = [box, l1, objectness, classes, selection].map(Double.init)
    peers.sum(&values)
    let sums = values.map { Float($0) }
    (box, l1, objectness, classes, selection) = (sums[0], sums[1], sums[2], sums[3], sums[4])
  }
}

package struct DetectionLoss: Sendable {
  package static let boxWeight: Float = 5

  package var boxLoss = IoULoss.iou
  /// L1 on the raw box numbers: the authors' last epochs.
  package var usesL1 = false
  /// Of the groups of outputs.
  package var strides = Stride.levels
  package var assign: @Sendable (Predictions, [Target]) -> Assignment

  package init(assign: @escaping @Sendable (Predictions, [Target]) -> Assignment = { SimOTA()($0, $1) }) {
    self.assign = assign
  }

  /// What the losses of one batch are and which anchors answer for which objects.
  package struct Outcome: Sendable {
    package let losses: Losses
    package let assignments: [Assignment]
  }

  /// Computes losses from the pass's last outputs and sets the outputs' gradients.
  ///
  /// - Parameter scale: of the gradients, for batches whose gradients are added up.
  package func callAsFunction(
    _ pass: TrainingExecutor, targets: [[Target]], scale: Float = 1, crew: Crew
  ) -> Outcome {
    let maps = HeadOutputs(pass, strides: strides)
    let predictions = (0..<targets.count).map(maps.predictions)
    var assignments = Array(repeating: Assignment(matches: []), count: targets.count)
    assignments.withUnsafeMutableBufferPointer { assignments in
      // Each thread writes the images of its own share.
      nonisolated(unsafe) let assignments = assignments
      crew.share(targets.count) { _, images in
        for image in images { assignments[image] = assign(predictions[image], targets[image]) }
      }
    }
    // Of the whole batch, whichever processes have its images.
    var counts = [
      Double(assignments.reduce(0) { $0 + $1.matches.count }), Double(targets.reduce(0) { $0 + $1.count }),
    ]
    crew.peers.sum(&counts)
    let (foregroundCount, objectCount) = (Float(max(1, counts[0])), Float(max(1, counts[1])))

    var losses = Losses()
    var gradients = HeadGradients(maps)
    for image in targets.indices {
      add(
        predictions[image], assignments[image], targets[image], per: foregroundCount, to: &losses,
        &gradients, image: image, scale: scale)
    }
    if !predictions[0].selection.isEmpty {
      addSelection(predictions, targets, per: objectCount, to: &losses, &gradients, scale: scale)
    }
    losses.sum(over: crew.peers)
    losses.foregroundPerObject = foregroundCount / objectCount
    gradients.set(on: pass)
    return Outcome(losses: losses, assignments: assignments)
  }

  /// One anchor of each object is to be chosen and all others not, counted for each object.
  private func addSelection(
    _ predictions: [Predictions], _ targets: [[Target]], per count: Float, to losses: inout Losses,
    _ gradients: inout HeadGradients, scale: Float
  ) {
    for image in targets.indices {
      let chosen = Set(OneToOne()(predictions[image], targets[image]).matches.map(\.anchor))
      for (anchor, logit) in predictions[image].selection.enumerated() {
        let target: Float = chosen.contains(anchor) ? 1 : 0
        losses.selection += crossEntropy(logit: logit, target: target) / count
        gradients.add((sigmoid(logit) - target) * scale / count, .selection, image, anchor, channel: 0)
      }
    }
  }

  private func add(
    _ predictions: Predictions, _ assignment: Assignment, _ targets: [Target], per count: Float,
    to losses: inout Losses, _ gradients: inout HeadGradients, image: Int, scale: Float
  ) {
    var isForeground = Array(repeating: false, count: predictions.count)
    for match in assignment.matches { isForeground[match.anchor] = true }
    let ignored = Set(assignment.ignored)
    var objectness: Float = 0
    for anchor in isForeground.indices where !ignored.contains(anchor) {
      let (logit, target) = (predictions.objectness[anchor], Float(isForeground[anchor] ? 1 : 0))
      objectness += crossEntropy(logit: logit, target: target)
      gradients.add((sigmoid(logit) - target) * scale / count, .objectness, image, anchor, channel: 0)
    }
    losses.objectness += objectness / count

    for match in assignment.matches {
      let (anchor, target) = (match.anchor, targets[match.target])
      let (place, box) = (predictions.anchors[anchor], predictions.box(anchor))

      let (loss, slope) = boxLoss(box, target.box)
      losses.box += DetectionLoss.boxWeight * loss / count
      // By the raw numbers: centre = (raw + cell) * stride, size = exp(raw) * stride.
      var raw = [
        slope.x * place.stride, slope.y * place.stride, slope.width * box.width, slope.height * box.height,
      ].map { $0 * DetectionLoss.boxWeight }

      if usesL1 {
        let wanted = [
          target.box.x / place.stride - place.column, target.box.y / place.stride - place.row,
          naturalLogarithm(target.box.width / place.stride + 1e-8),
          naturalLogarithm(target.box.height / place.stride + 1e-8),
        ]
        for channel in 0..<4 {
          let difference = predictions.raw[channel * predictions.count + anchor] - wanted[channel]
          losses.l1 += abs(difference) / count
          raw[channel] += difference > 0 ? 1 : difference < 0 ? -1 : 0
        }
      }
      for channel in 0..<4 {
        gradients.add(raw[channel] * scale / count, .box, image, anchor, channel: channel)
      }

      for index in 0..<predictions.classCount {
        let logit = predictions.classLogit(anchor, index)
        // A class is as certain as the box is good.
        let wanted = index == target.classIndex ? match.overlap : 0
        losses.classes += crossEntropy(logit: logit, target: wanted) / count
        gradients.add((sigmoid(logit) - wanted) * scale / count, .classes, image, anchor, channel: index)
      }
    }
  }
}
