// What Event Grid reports about the delivery of events to the app.
param topicId string
param subscriptionName string
param actionGroupId string
param tags object

var alerts = [
  {
    name: 'event-dead-lettered'
    says: 'An event became a dead letter'
    metric: 'DeadLetteredCount'
    severity: 1
    threshold: 0
  }
  {
    name: 'event-dropped'
    says: 'An event was dropped'
    metric: 'DroppedEventCount'
    severity: 0
    threshold: 0
  }
  {
    name: 'events-not-delivered'
    says: 'Events cannot be delivered'
    metric: 'DeliveryAttemptFailCount'
    severity: 1
    // Event Grid tries one failing event about five times in a quarter of an hour: one attempt that fails
    // alone is a restart, the second is an event that the app does not take.
    threshold: 1
  }
]

resource rules 'Microsoft.Insights/metricAlerts@2018-03-01' = [for alert in alerts: {
  name: 'optout-${alert.name}'
  location: 'global'
  tags: tags
  properties: {
    description: alert.says
    severity: alert.severity
    enabled: true
    scopes: [topicId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: alert.metric
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.EventGrid/systemTopics'
          metricName: alert.metric
          dimensions: [
            {
              name: 'EventSubscriptionName'
              operator: 'Include'
              values: [subscriptionName]
            }
          ]
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: alert.threshold
        }
      ]
    }
    actions: empty(actionGroupId) ? [] : [{ actionGroupId: actionGroupId }]
  }
}]
