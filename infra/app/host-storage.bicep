// What the Functions host keeps for itself: the deployed packages, its keys and leases. Nothing of the
// suppression list is here.
param location string
param tags object
param name string
param replication string
param appPrincipalId string

// What the Functions documentation asks for as the least for AzureWebJobsStorage; so the list has an
// account of its own.
var storageBlobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'

module storage 'storage-account.bicep' = {
  name: 'host-storage-account'
  params: {
    location: location
    tags: tags
    name: name
    replication: replication
    containerName: 'packages'
  }
}

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: name
}

resource hostKeepsItsState 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, appPrincipalId, storageBlobDataOwner)
  scope: account
  dependsOn: [storage]
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataOwner)
  }
}

output blobEndpoint string = storage.outputs.blobEndpoint
output packagesUrl string = storage.outputs.containerUrl
