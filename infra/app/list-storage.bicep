// The suppression list and its evidence in tables, and the events that Event Grid gave up on.
param location string
param tags object
param name string
param replication string
param appPrincipalId string
param deadLettersPrincipalId string
param operatorsGroupId string

var storageTableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
var storageBlobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var deadLetterContainer = 'dead-letters'

module storage 'storage-account.bicep' = {
  name: 'list-storage-account'
  params: {
    location: location
    tags: tags
    name: name
    replication: replication
    containerName: deadLetterContainer
  }
}

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: name
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' existing = {
  parent: account
  name: 'default'
}

resource deadLetters 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' existing = {
  parent: blobs
  name: deadLetterContainer
}

resource appKeepsTheList 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, appPrincipalId, storageTableDataContributor)
  scope: account
  dependsOn: [storage]
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageTableDataContributor)
  }
}

resource eventGridWritesDeadLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(deadLetters.id, deadLettersPrincipalId, storageBlobDataContributor)
  scope: deadLetters
  dependsOn: [storage]
  properties: {
    principalId: deadLettersPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataContributor)
  }
}

// Contributor, because who has replayed a dead letter deletes it.
resource operatorsReplayDeadLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  name: guid(deadLetters.id, operatorsGroupId, storageBlobDataContributor)
  scope: deadLetters
  dependsOn: [storage]
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataContributor)
  }
}

resource operatorsKeepTheList 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  name: guid(account.id, operatorsGroupId, storageTableDataContributor)
  scope: account
  dependsOn: [storage]
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageTableDataContributor)
  }
}

output id string = storage.outputs.id
output tableEndpoint string = storage.outputs.tableEndpoint
output deadLetterContainer string = deadLetterContainer
output deadLetterContainerUrl string = storage.outputs.containerUrl
