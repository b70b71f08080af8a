// How the messages of one ACS resource come to the app: the ACS resource's system topic, and a subscription
// on it. Deployed by infra/scripts/subscribe.py when the function is there, into the resource group of the
// topic. It may be deployed again at any time.
@description('The system topic: the one that the ACS resource has, or the name of the one to make.')
param topicName string

@description('UserAssigned, and SystemAssigned with it where the topic is so already.')
param topicIdentityType string

@description('The identities of the topic, those that it has and ours, as Azure takes them: { id: {} }.')
param topicIdentities object

param topicLocation string
param topicTags object
param acsResourceId string
param subscriptionName string
param functionAppId string
param deadLetterStorageId string
param deadLetterContainer string
param deadLetterIdentityId string
param actionGroupId string
param alertTags object

var functionApp = split(functionAppId, '/')

// Only one is allowed for each ACS resource; others may subscribe to it, too. ACS is global, and so is it.
resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: topicName
  location: topicLocation
  tags: topicTags
  identity: {
    type: topicIdentityType
    userAssignedIdentities: topicIdentities
  }
  properties: {
    source: acsResourceId
    topicType: 'Microsoft.Communication.CommunicationServices'
  }
}

resource smsEvents 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: subscriptionName
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    filter: {
      includedEventTypes: [
        'Microsoft.Communication.SMSReceived'
        'Microsoft.Communication.SMSDeliveryReportReceived'
      ]
    }
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: '${functionAppId}/functions/sms_events'
        // One failure makes Event Grid send the whole batch again.
        maxEventsPerBatch: 1
        preferredBatchSizeInKilobytes: 64
      }
    }
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'UserAssigned'
        userAssignedIdentity: deadLetterIdentityId
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: deadLetterStorageId
          blobContainerName: deadLetterContainer
        }
      }
    }
  }
}

module alerts 'app/event-alerts.bicep' = {
  name: 'event-alerts'
  scope: resourceGroup(functionApp[2], functionApp[4])
  params: {
    topicId: topic.id
    subscriptionName: smsEvents.name
    actionGroupId: actionGroupId
    tags: alertTags
  }
}
